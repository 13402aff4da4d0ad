import MQCore

/// Reads command lines by the conventions of getopt_long(3), but for its abbreviations: `--name value`, `--name=value`, `-n5`,
/// `-n 5`, flags bundled, options and operands in any order, and `--`, behind which there are no options.
///
/// It works on bytes: to Swift, a dash before a combining accent is another character, to a shell it is a dash.
struct ArgumentParser {
    private let table: VerbTable
    private var arguments: Arguments
    private var plain: [String] = []
    private var command: [String]?

    /// - Parameter words: what stands behind the verb.
    /// - Throws: `usage`, naming the option, what is allowed, and the nearest word.
    static func parse(_ words: [String], _ table: VerbTable) throws(TransportError) -> Arguments {
        var parser = ArgumentParser(table)
        try parser.read(words)
        return parser.arguments
    }

    private init(_ table: VerbTable) {
        self.table = table
        arguments = Arguments(table)
    }

    private mutating func read(_ words: [String]) throws(TransportError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            let bytes = word.utf8
            guard bytes.first == UInt8(ascii: "-"), bytes.count > 1 else {
                plain.append(word)
                continue
            }
            if bytes.elementsEqual("--".utf8) {
                if table.operands.contains(where: \.isCommand) { command = Array(rest) } else { plain += rest }
                break
            }
            if bytes.starts(with: "--".utf8) { try readLong(word, &rest) } else { try readShort(word, &rest) }
            if arguments.wantsHelp { return }
        }
        try assign()
    }

    private mutating func readLong(_ word: String, _ rest: inout ArraySlice<String>) throws(TransportError) {
        let equals = word.utf8.firstIndex(of: UInt8(ascii: "="))
        let typed = String(word[..<(equals ?? word.endIndex)])
        guard let flag = table.flag(named: String(typed.utf8.dropFirst(2)) ?? "") else { throw unknown(typed) }
        if let equals {
            guard flag.kind != nil else { throw TransportError(.usage, "\(typed) takes no value", hint: "\(typed) alone") }
            try add(flag, typed, String(word[word.utf8.index(after: equals)...]))
        } else {
            try add(flag, typed, flag.kind == nil ? "" : try value(of: flag, typed, &rest))
        }
    }

    private mutating func readShort(_ word: String, _ rest: inout ArraySlice<String>) throws(TransportError) {
        var letters = word.unicodeScalars.dropFirst()
        while let letter = letters.popFirst() {
            guard let flag = table.flag(short: letter) else { throw unknown(letter, in: word) }
            let typed = "-\(letter)"
            guard flag.kind != nil else {
                try add(flag, typed, "")
                if arguments.wantsHelp { return }
                continue
            }
            let value = letters.isEmpty ? try value(of: flag, typed, &rest) : String(String.UnicodeScalarView(letters))
            return try add(flag, typed, value)
        }
    }

    private func value(of flag: Flag, _ typed: String, _ rest: inout ArraySlice<String>) throws(TransportError) -> String {
        guard let value = rest.popFirst() else {
            throw TransportError(.usage, "\(typed) needs a value", hint: "\(typed) \(flag.placeholder)")
        }
        return value
    }

    private mutating func add(_ flag: Flag, _ typed: String, _ value: String) throws(TransportError) {
        if flag.name == Flag.help.name {
            arguments.wantsHelp = true
            return
        }
        if !flag.repeats, arguments.given.contains(where: { $0.flag.name == flag.name }) {
            throw TransportError(.usage, "\(typed) is given twice")
        }
        do throws(TransportError) {
            try flag.kind?.check(value, typed)
        } catch {
            // `--timeout --drain`: the value was forgotten.
            guard table.flags.contains(where: { $0.names.contains(value) }) else { throw error }
            throw TransportError(.usage, "\(typed) needs a value", hint: "\(typed) \(flag.placeholder); \(value) is an option")
        }
        arguments.given.append(Arguments.Given(flag: flag, name: typed, value: value))
    }

    // MARK: - Operands

    private mutating func assign() throws(TransportError) {
        var rest = plain[...]
        for operand in table.operands {
            let words: [String]
            switch operand.count {
            case .one, .optional: words = rest.popFirst().map { [$0] } ?? []
            case .any, .some:
                words = Array(rest)
                rest = []
            case .command, .optionalCommand: words = command ?? []
            }
            if operand.isRequired && words.isEmpty { throw missing(operand) }
            for word in words { try operand.kind.check(word, operand.name) }
            arguments.operands.append(words)
        }
        if let word = rest.first { throw excess(word) }
    }

    private var usage: String { "usage: mq \(table.synopses[0])" }

    private func missing(_ operand: Operand) -> TransportError {
        let noun = operand.name.lowercased()
        if operand.isCommand { return TransportError(.usage, "the \(noun) is missing behind --", hint: usage) }
        // "The file is missing" would be said of one that is given and not there.
        if case .file = operand.kind { return TransportError(.usage, "\(operand.name) is not given", hint: usage) }
        return TransportError(.usage, "the \(noun) is missing", hint: usage)
    }

    private func excess(_ word: String) -> TransportError {
        if table.operands.contains(where: \.isCommand) {
            return TransportError(.usage, "unexpected operand '\(word)'", hint: "a command goes behind --: mq \(table.synopses[0])")
        }
        return TransportError(.usage, "unexpected operand '\(word)'", hint: usage)
    }

    // MARK: - Options that do not exist

    private func unknown(_ typed: String) -> TransportError {
        // Without the dashes, which would make short words near to each other.
        let name = String(typed.utf8.dropFirst(2)) ?? ""
        let near = name.isEmpty ? nil : Suggestion.nearest(to: name, in: table.flags.map(\.name))
        return TransportError(
            .usage, "mq \(table.name) has no option \(typed)", hint: near.map { "did you mean --\($0)?" } ?? behindDashes(typed))
    }

    private func unknown(_ letter: Unicode.Scalar, in word: String) -> TransportError {
        let error = "mq \(table.name) has no option -\(letter)" + (word.unicodeScalars.count > 2 ? " (in \(word))" : "")
        // A long name behind one dash.
        let name = String(String.UnicodeScalarView(word.unicodeScalars.drop { $0 == "-" }))
        if name.utf8.count > 2, table.flag(named: name) != nil {
            return TransportError(.usage, error, hint: "did you mean --\(name)?")
        }
        return TransportError(.usage, error, hint: behindDashes(word))
    }

    private func behindDashes(_ word: String) -> String {
        guard let operand = table.operands.first(where: { if case .message = $0.kind { true } else { false } }) else {
            return "mq \(table.name) --help lists them"
        }
        let address = plain.first.map(ShellWord.quoted) ?? "ADDRESS"
        return
            "a \(operand.name.lowercased()) that begins with a dash goes behind --: mq \(table.name) \(address) -- \(ShellWord.quoted(word))"
    }
}
