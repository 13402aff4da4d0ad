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
    }

    let model: CommandModel
    /// The names of the queues of a scheme that are there now.
    let queues: (String) -> [Candidate]
    let aliases: () -> [String]

    /// - Parameters:
    ///   - words: the words before the cursor, the program's name not among them.
    ///   - current: the word at the cursor, up to it.
    func answer(_ words: [String], current: String) -> Answer {
        guard let first = words.first else {
            return matching(verbs + [Candidate("help", "Show help of a verb.")], current)
        }
        if first == "help" { return matching(verbs, current) }
        guard let (verb, words) = model.verb(of: words) else { return .words([], continues: false) }
        if let last = words.dropFirst().last, let option = verb.option(named: last), option.takesValue {
            return value(of: option, verb, words, current)
        }
        if current.hasPrefix("--"), let equals = current.firstIndex(of: "="),
            let option = verb.option(named: String(current[..<equals])), option.takesValue
        {
            let prefix = String(current[...equals])
            return prefixed(prefix, value(of: option, verb, words, String(current[current.index(after: equals)...])))
        }
        if current.hasPrefix("-") && current != "-" {
            let names = verb.arguments.filter { $0.isShown && $0.kind != .positional }
            return matching(names.flatMap { option in option.names.map { Candidate($0, option.abstract) } }, current)
        }
        return positional(verb, words, current)
    }

    private var verbs: [Candidate] { model.verbs.filter { !$0.name.contains(" ") }.map { Candidate($0.name, $0.abstract) } }

    private func positional(_ verb: CommandModel, _ words: [String], _ current: String) -> Answer {
        let given = operands(verb, words)
        switch (verb.name, given.count) {
        case ("completion", 0): return matching(Shell.allCases.map { Candidate($0.rawValue) }, current)
        case ("transports", 0): return matching(Registry.descriptors.map { Candidate($0.name, $0.summary) }, current)
        case ("completion", _), ("transports", _): return .words([], continues: false)
        case ("bench compare", _), ("bench report", _): return .files
        case ("bench", 0) where !current.contains(":"):
            let further = model.verbs.filter { $0.name.hasPrefix("bench ") }
            return joined(matching(further.map { Candidate(String($0.name.dropFirst(6)), $0.abstract) }, current), address(current))
        case ("bench", _), (_, 0): return address(current)
        case ("send", _) where isFiles(words): return .files
        default: return .words([], continues: false)
        }
    }

    private func isFiles(_ words: [String]) -> Bool {
        words.contains("--framing=files") || zip(words, words.dropFirst()).contains { ["-F", "--framing"].contains($0) && $1 == "files" }
    }

    /// The words behind the verb that are no options and no values of options.
    private func operands(_ verb: CommandModel, _ words: [String]) -> [String] {
        var result: [String] = []
        var isValue = false
        for word in words.dropFirst() {
            if isValue {
                isValue = false
            } else if word.hasPrefix("-") && word != "-" {
                isValue = verb.option(named: word)?.takesValue ?? false
            } else {
                result.append(word)
            }
        }
        return result
    }

    private func value(of option: CommandModel.Argument, _ verb: CommandModel, _ words: [String], _ current: String) -> Answer {
        if option.names.contains("--framing") {
            return matching(Framing.words.map { Candidate($0.replacingSuffix("STR", with: "")) }, current)
        }
        if option.names.contains("--dead-letter") || option.names.contains("--to") { return address(current) }
        if option.names.contains("--out-dir") { return .folders }
        if option.values == [CommandModel.fileMark] { return .files }
        if option.names.contains("--option") {
            guard let address = operands(verb, words).first, let descriptor = descriptor(of: address) else {
                return .words([], continues: false)
            }
            return options(descriptor, current, before: "")
        }
        return matching(option.values.map { Candidate($0) }, current)
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
        if let comma = current.lastIndex(of: ",") {
            return options(descriptor, String(current[current.index(after: comma)...]), before: String(current[...comma]))
        }
        let scheme = String(current[...current.firstIndex(of: ":")!])
        return matching(queues(String(scheme.dropLast())).map { Candidate(continued($0.word, scheme, current), $0.help) }, current)
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
        let values: [String] =
            switch spec.kind {
            case .flag: ["yes", "no"]
            case .choice(let words): words
            default: []
            }
        let key = String(current[...equals])
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
