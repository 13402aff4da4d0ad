import MQCore

/// The verbs of this program.
enum Verbs {
    /// In the order of the help. Only the table of the verb that runs is made, those of the others when somebody asks for help.
    static let all: [(name: StaticString, type: any Verb.Type)] = [
        ("send", Send.self),
        ("recv", Recv.self),
        ("request", Request.self),
        ("exec", Exec.self),
        ("post", Post.self),
        ("bridge", Bridge.self),
        ("serve", Serve.self),
        ("proxy", Proxy.self),
        ("wait", Wait.self),
        ("check", Check.self),
        ("expect", Expect.self),
        ("with", With.self),
        ("mock", Mock.self),
        ("list", List.self),
        ("stat", Stat.self),
        ("create", Create.self),
        ("delete", Delete.self),
        ("purge", Purge.self),
        ("pause", Pause.self),
        ("unpause", Unpause.self),
        ("redrive", RedriveVerb.self),
        ("keygen", Keygen.self),
        ("bench", Bench.self),
        ("bench compare", BenchCompare.self),
        ("bench report", BenchPage.self),
        ("transports", Transports.self),
        ("explain", Explain.self),
        ("completion", Completion.self),
        ("help", Help.self),
        ("version", Version.self),
        ("__bench-worker", BenchWorker.self),
        ("__complete", CompleteWord.self),
        ("__generate", Generate.self),
    ]

    static var tables: [VerbTable] { all.map { $0.type.table } }

    /// The verb that `words` begin with, one of two words before one of one, and the words behind it.
    static func find(_ words: [String]) -> (type: any Verb.Type, rest: [String])? {
        guard let first = words.first else { return nil }
        if words.count > 1, let type = type(named: "\(first) \(words[1])") { return (type, Array(words.dropFirst(2))) }
        return type(named: first).map { ($0, Array(words.dropFirst())) }
    }

    private static func type(named name: String) -> (any Verb.Type)? {
        all.first { entry in entry.name.withUTF8Buffer { name.utf8.elementsEqual($0) } }?.type
    }

    /// - Throws: `usage` when `word` is no verb.
    static func unknown(_ word: String) -> TransportError {
        let known = all.map { "\($0.name)" }.filter { !$0.hasPrefix("_") }
        let near = Suggestion.nearest(to: word, in: known)
        return TransportError(.usage, "there is no verb '\(word)'", hint: near.map { "did you mean \($0)?" } ?? "mq --help lists them")
    }
}
