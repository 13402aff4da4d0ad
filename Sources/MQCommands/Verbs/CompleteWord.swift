import Glibc
import MQCore

/// What the scripts ask. The first line says how to take the rest, then one candidate per line, a tab, and its help.
struct CompleteWord: Verb {
    static let table = VerbTable(
        "__complete", .hidden, .reads, "Print what can stand at the cursor.",
        operands: [
            Operand("WORD", .optionalCommand, .text(), help: "The words up to the cursor; the last one, which may be empty, stands there.")
        ])

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let completer = Completer(
            tables: Verbs.tables, queues: Self.queues, aliases: { ((try? Configuration.aliases()) ?? [:]).keys.sorted() },
            files: Self.files)
        let words = words.words("WORD")
        switch completer.answer(words.dropLast(), current: words.last ?? "") {
        case .files: try Results.print("files\n")
        case .folders: try Results.print("folders\n")
        case .programs: try Results.print("programs\n")
        case .words(let candidates, let continues):
            let lines = candidates.map { $0.help.isEmpty ? $0.word : "\($0.word)\t\($0.help)" }
            try Results.print(([continues ? "words-nospace" : "words"] + lines).joined(separator: "\n") + "\n")
        }
        return .success
    }

    /// At most as many as a person would look through.
    private static let mostFiles = 500

    private static func files(_ beginning: String) -> [String] {
        let slash = beginning.lastIndex(of: "/")
        let folder = slash.map { String(beginning[...$0]) } ?? ""
        let name = slash.map { beginning[beginning.index(after: $0)...] } ?? beginning[...]
        guard let stream = opendir((folder.isEmpty ? "." : folder).rawCString) else { return [] }
        defer { closedir(stream) }
        var result: [String] = []
        while result.count < mostFiles, let entry = readdir(stream) {
            let found = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(rawCString: $0) }
            }
            guard found.hasPrefix(name), found != ".", found != "..", !name.isEmpty || !found.hasPrefix(".") else { continue }
            var status = stat()
            let isFolder = stat((folder + found).rawCString, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            result.append(folder + found + (isFolder ? "/" : ""))
        }
        return result.sorted()
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
            guard case .number(let count) = queue["messages"] else { return .init(queue.address) }
            return .init(queue.address, Quantity.count(count, "message"))
        }
    }
}
