import ArgumentParser
import MQCore

struct Completion: Verb {
    static let configuration = CommandConfiguration(
        commandName: "completion", _superCommandName: "mq",
        abstract: "Print the completion script of a shell.",
        usage: "mq completion <shell> [<option> ...]",
        discussion: """
            bash:  source <(mq completion bash)
            zsh:   source <(mq completion zsh), behind compinit
            fish:  mq completion fish | source
            """)

    @Argument(help: ArgumentHelp("bash, zsh or fish.", valueName: "shell"))
    var shell: Shell

    @OptionGroup var shared: SharedOptions

    func perform(_ console: Console) throws(TransportError) -> Ending {
        try Results.print(shell.script)
        return .success
    }
}

/// What the scripts ask. The first line says how to take the rest, then one candidate a line, a tab, and its help.
struct CompleteWord: Verb {
    static let configuration = CommandConfiguration(commandName: "__complete", shouldDisplay: false)

    /// Not an option of its own: the parser takes `--current=` with nothing behind it for a missing value, and at the
    /// beginning of a word there is nothing.
    @Argument(parsing: .postTerminator, help: "The words up to the cursor; the last one, which may be empty, stands there.")
    var words: [String] = []

    @OptionGroup var shared: SharedOptions

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let completer = Completer(
            model: CommandModel.load(), queues: Self.queues, aliases: { ((try? Configuration.aliases()) ?? [:]).keys.sorted() })
        switch completer.answer(words.dropLast(), current: words.last ?? "") {
        case .files: try Results.print("files\n")
        case .folders: try Results.print("folders\n")
        case .words(let candidates, let continues):
            let lines = candidates.map { $0.help.isEmpty ? $0.word : "\($0.word)\t\($0.help)" }
            try Results.print(([continues ? "words-nospace" : "words"] + lines).joined(separator: "\n") + "\n")
        }
        return .success
    }

    /// The queues of this machine's kernel; a broker is not asked at the touch of a key.
    private static func queues(scheme: String) -> [Completer.Candidate] {
        guard let descriptor = Registry.transport(forScheme: scheme)?.descriptor else { return [] }
        var result: [Completer.Candidate] = descriptor.capabilities.contains(.kernel) ? existing(scheme) : []
        if descriptor.capabilities.contains(.temporary) { result.append(.init("\(scheme):temp", "a private queue, removed at exit")) }
        for example in descriptor.examples where !descriptor.capabilities.contains(.kernel) {
            result.append(.init(example.address, example.meaning))
        }
        return result
    }

    private static func existing(_ scheme: String) -> [Completer.Candidate] {
        guard let resolved = try? ResolvedAddress(scheme + ":", options: []),
            let listing = try? Administration.open(resolved, Console(Console.Settings(isQuiet: true))).list()
        else { return [] }
        return listing.queues.map { queue in
            .init(queue.address, (queue["messages"]?.text).map { "\($0) messages" } ?? "")
        }
    }
}
