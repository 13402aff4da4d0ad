import MQCore

/// What `--help` prints: made from the tables, at most 80 columns wide.
enum HelpText {
    /// Where the words about an option begin.
    private static let column = 28
    /// More examples are in the manual.
    private static let examples = 3

    /// Every verb a person is told of, by groups.
    static func root(_ tables: [VerbTable]) -> String {
        var text = """
            mq sends, receives and manages messages in many kinds of queue; only the
            address differs.

            Usage: mq VERB ADDRESS [ARGUMENT...] [OPTION...]

            """
        for group in VerbTable.Group.allCases where group != .hidden {
            let verbs = tables.filter { $0.group == group }
            if verbs.isEmpty { continue }
            text += "\n\(group.rawValue):\n" + verbs.map { row($0.name, $0.summary, column: 17) }.joined()
        }
        let schemes = Registry.descriptors.flatMap(\.schemes).map { $0 + ":" }.joined(separator: " ")
        return text + """

            Examples:
              mq send posix-mq:/jobs --create < jobs.txt     each line is a message
              mq recv posix-mq:/jobs -n 10                   each message is a line
              mq recv zmq:pull:@tcp://:5555 -J | jq .body    JSON, one object per line

            An address is SCHEME:TARGET,OPTION=VALUE,... with one of the schemes
            \(schemes)
            mq VERB --help shows the options of a verb, mq transports NAME those of an
            address. Manual: man mq, man mq-contract, man mq-transports.

            """
    }

    static func verb(_ table: VerbTable, among tables: [VerbTable] = []) -> String {
        var text = table.summary.wrapped() + "\n"
        for (index, synopsis) in synopses(of: table, among: tables).enumerated() {
            text += ((index == 0 ? "Usage: mq " : "mq ") + synopsis).wrapped(indent: 10, first: index == 0 ? 0 : 7)
        }
        for part in table.description { text += "\n" + self.text(part) }
        if !table.operands.isEmpty {
            let width = max(12, 4 + table.operands.reduce(0) { max($0, $1.name.count) })
            text += "\nOperands:\n" + table.operands.map { row($0.name, $0.help, column: width) }.joined()
        }
        for section in table.sections {
            text += "\n\(section.title):\n" + section.flags.map { row(tag($0), help($0), column: column) }.joined()
        }
        if !table.examples.isEmpty {
            text += "\nExamples:\n"
            for example in table.examples.prefix(examples) {
                text += example.meaning.wrapped(indent: 2) + example.lines.map { "    \($0)\n" }.joined()
            }
        }
        return text
    }

    /// The forms of a verb, and of those that continue its name.
    static func synopses(of table: VerbTable, among tables: [VerbTable]) -> [String] {
        table.synopses + tables.filter { $0.name.hasPrefix(table.name + " ") }.flatMap(\.synopses)
    }

    private static func text(_ part: VerbTable.Part) -> String {
        switch part {
        case .text(let text): text.wrapped()
        case .lines(let lines): lines.map { "  \($0)\n" }.joined()
        case .terms(let terms): terms.map { row($0.0, $0.1, column: 16) }.joined()
        }
    }

    /// `-n, --count N`, long names below each other.
    private static func tag(_ flag: Flag) -> String {
        let value = flag.kind == nil ? "" : " \(flag.placeholder)"
        return (flag.short.map { "-\($0), " } ?? "    ") + "--\(flag.name)\(value)"
    }

    private static func help(_ flag: Flag) -> String { flag.help + (flag.standard.map { " [default: \($0)]" } ?? "") }

    private static func row(_ name: String, _ help: String, column: Int) -> String { Rows.entry("  \(name)", help, column: column) }
}
