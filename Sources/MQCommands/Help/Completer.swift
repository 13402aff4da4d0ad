import MQCore

/// What can stand at the cursor. One piece of logic for every shell; the scripts only ask it.
struct Completer {
    struct Candidate: Equatable {
        var word: String
        var help: String
        init(_ word: String, _ help: String = "") {
            self.word = word
            self.help = help
        }
    }

    enum Answer {
        /// Words; `continues` when more can follow without a space (`posix-mq:`, `key=`).
        case words([Candidate], continues: Bool)
        case files
        case folders
        /// Programs of the search path.
        case programs
    }

    let tables: [VerbTable]
    /// The names of the queues of a scheme that are there now.
    let queues: (String) -> [Candidate]
    let aliases: () -> [String]
    /// The files whose paths begin like this, folders with a slash behind them: for paths inside of a word, which a shell does not see.
    var files: (String) -> [String] = { _ in [] }

    /// - Parameters:
    ///   - words: the words before the cursor, the program's name not among them.
    ///   - current: the word at the cursor, up to it.
    func answer(_ words: [String], current: String) -> Answer {
        guard let first = words.first else {
            let options = current.hasPrefix("-") ? ["--help", "--version"].map { Candidate($0) } : []
            return matching(verbs(behind: "") + options, current)
        }
        guard let (table, words) = table(of: words, first) else { return .words([], continues: false) }
        if words.contains("--") { return operand(table, words, current) }
        if let last = words.last, let flag = flag(last, of: table), flag.kind != nil {
            return value(of: flag, table, words, current)
        }
        if current.hasPrefix("--"), let equals = current.firstIndex(of: "="), let flag = flag(String(current[..<equals]), of: table),
            flag.kind != nil
        {
            let prefix = String(current[...equals])
            return prefixed(prefix, value(of: flag, table, words, String(current[current.index(after: equals)...])))
        }
        if current.hasPrefix("-") {
            return matching(table.flags.flatMap { flag in flag.names.map { Candidate($0, flag.help) } }, current)
        }
        let answer = operand(table, words, current)
        // What continues the name of the verb stands where its first operand does.
        return words.isEmpty ? joined(matching(verbs(behind: table.name + " "), current), answer) : answer
    }

    /// The table that the words begin with, and the words behind its name.
    private func table(of words: [String], _ first: String) -> (VerbTable, [String])? {
        let names = words.count > 1 ? ["\(first) \(words[1])", first] : [first]
        for name in names {
            guard let table = tables.first(where: { $0.name == name }) else { continue }
            return (table, Array(words.dropFirst(name.contains(" ") ? 2 : 1)))
        }
        return nil
    }

    /// The next words of verbs that begin with `prefix`.
    private func verbs(behind prefix: String) -> [Candidate] {
        tables.filter { !$0.isHidden && $0.name.hasPrefix(prefix) }.compactMap { table in
            let word = table.name.dropFirst(prefix.count)
            return word.contains(" ") ? nil : Candidate(String(word), table.summary)
        }
    }

    private func flag(_ word: String, of table: VerbTable) -> Flag? { table.flags.first { $0.names.contains(word) } }

    private func operand(_ table: VerbTable, _ words: [String], _ current: String) -> Answer {
        let given = operands(table, words)
        let plain = table.operands.filter { !$0.isCommand }
        if let dashes = words.firstIndex(of: "--"), table.operands.contains(where: \.isCommand) {
            return dashes == words.count - 1 ? .programs : .files
        }
        guard let operand = given.count < plain.count ? plain[given.count] : plain.last(where: \.repeats) else {
            return .words([], continues: false)
        }
        if case .verb = operand.kind {
            return matching(verbs(behind: given.map { $0 + " " }.joined()), current)
        }
        return value(of: operand.kind, table, words, current)
    }

    private func isFiles(_ words: [String]) -> Bool {
        words.contains("--framing=files") || words.contains("-Ffiles")
            || zip(words, words.dropFirst()).contains { ["-F", "--framing"].contains($0) && $1 == "files" }
    }

    /// The words behind the verb that are neither options nor values of options.
    private func operands(_ table: VerbTable, _ words: [String]) -> [String] {
        var result: [String] = []
        var isValue = false
        for word in words {
            if isValue {
                isValue = false
            } else if word.hasPrefix("-") && word != "-" {
                isValue = flag(word, of: table)?.kind != nil
            } else {
                result.append(word)
            }
        }
        return result
    }

    private func value(of flag: Flag, _ table: VerbTable, _ words: [String], _ current: String) -> Answer {
        value(of: flag.kind ?? .text(), table, words, current)
    }

    private func value(of kind: ValueKind, _ table: VerbTable, _ words: [String], _ current: String) -> Answer {
        switch kind {
        case .framing: return matching(Framing.words.map { Candidate($0.replacingSuffix("STR", with: "")) }, current)
        case .choice(let words), .text(let words): return matching(words.map { Candidate($0) }, current)
        case .address, .scheme: return address(current)
        case .patience: return matching([Candidate(ValueKind.forever, "without end")], current)
        case .transport: return matching(Registry.descriptors.map { Candidate($0.name, $0.summary) }, current)
        case .file: return .files
        case .folder: return .folders
        case .message where isFiles(words): return .files
        case .addressOption:
            guard let address = operands(table, words).first, let descriptor = descriptor(of: address) else {
                return .words([], continues: false)
            }
            return options(descriptor, current, before: "")
        case .name, .integer, .duration, .size, .rate, .message, .verb, .command: return .words([], continues: false)
        }
    }

    // MARK: - Addresses

    private func descriptor(of address: String) -> Descriptor? {
        Address.scheme(of: address).flatMap { Registry.transport(forScheme: $0)?.descriptor }
    }

    /// `sch…` → schemes and aliases; `scheme:…` → queues; `scheme:target,…` → options and their values.
    private func address(_ current: String) -> Answer {
        if current.hasPrefix("@") { return matching(aliases().sorted().map { Candidate("@\($0)", "alias") }, current) }
        guard let descriptor = descriptor(of: current) else {
            let schemes = Registry.descriptors.flatMap { descriptor in descriptor.schemes.map { Candidate($0 + ":", descriptor.summary) } }
            return matching(schemes + (current.isEmpty ? aliases().sorted().map { Candidate("@\($0)", "alias") } : []), current)
        }
        if let path = path(in: current, descriptor) { return path }
        if let comma = current.lastIndex(of: ",") {
            return options(descriptor, String(current[current.index(after: comma)...]), before: String(current[...comma]))
        }
        let scheme = String(current[...current.firstIndex(of: ":")!])
        return matching(queues(String(scheme.dropLast())).map { Candidate(continued($0.word, scheme, current), $0.help) }, current)
    }

    /// Where an address names a file: a target that may be one (`sysv:/etc/app`), an endpoint that is (`ipc:///run/feed`).
    private func path(in current: String, _ descriptor: Descriptor) -> Answer? {
        let part = current.split(separator: ",", omittingEmptySubsequences: false).last ?? ""
        let mark = "ipc://"
        if descriptor.targetSyntax == .endpoints, let start = part.indices.first(where: { part[$0...].hasPrefix(mark + "/") }) {
            let path = part.index(start, offsetBy: mark.count)
            return paths(behind: String(current[..<path]), String(current[path...]))
        }
        let scheme = descriptor.schemes[0] + ":"
        guard part.count == current.count, current.hasPrefix(scheme + "/"),
            descriptor.forms.contains(where: { $0.hasPrefix(scheme + "PATH") })
        else { return nil }
        return paths(behind: scheme, String(current.dropFirst(scheme.count)))
    }

    private func paths(behind prefix: String, _ current: String) -> Answer {
        let found = files(current).map { Candidate(prefix + $0) }
        return .words(found, continues: !found.isEmpty && found.allSatisfy { $0.word.hasSuffix("/") })
    }

    /// The kernel's name has a slash that the person may have left out.
    private func continued(_ address: String, _ scheme: String, _ current: String) -> String {
        let target = address.dropFirst(scheme.count)
        let typed = current.dropFirst(scheme.count)
        return target.hasPrefix("/") && !typed.isEmpty && !typed.hasPrefix("/") ? scheme + target.dropFirst() : address
    }

    private func options(_ descriptor: Descriptor, _ current: String, before: String) -> Answer {
        guard let equals = current.firstIndex(of: "="), let spec = descriptor.spec(for: String(current[..<equals])) else {
            let keys = descriptor.options.map { spec in
                if case .flag = spec.kind { Candidate(spec.key, spec.help) } else { Candidate(spec.key + "=", spec.help) }
            }
            return prefixed(before, matching(keys, current))
        }
        let key = String(current[...equals])
        if case .file = spec.kind { return paths(behind: before + key, String(current.dropFirst(key.count))) }
        let values: [String] =
            switch spec.kind {
            case .flag: ["yes", "no"]
            case .choice(let words): words
            default: []
            }
        return prefixed(before, matching(values.map { Candidate(key + $0, spec.help) }, current))
    }

    // MARK: - Answers

    private func joined(_ first: Answer, _ second: Answer) -> Answer {
        guard case .words(let some, _) = first, case .words(let more, let continues) = second else { return second }
        return .words(some + more, continues: some.isEmpty && continues)
    }

    private func matching(_ candidates: [Candidate], _ current: String) -> Answer {
        let found = candidates.filter { $0.word.hasPrefix(current) }
        return .words(
            found,
            continues: !found.isEmpty && found.allSatisfy { $0.word.hasSuffix(":") || $0.word.hasSuffix("=") || $0.word.hasSuffix("/") })
    }

    private func prefixed(_ prefix: String, _ answer: Answer) -> Answer {
        guard case .words(let words, let continues) = answer else { return answer }
        return .words(words.map { Candidate(prefix + $0.word, $0.help) }, continues: continues)
    }
}

extension String {
    fileprivate func replacingSuffix(_ suffix: String, with other: String) -> String {
        hasSuffix(suffix) ? dropLast(suffix.count) + other : self
    }
}
