/// One verb, as data: the parser, help, the manual and completion read it.
struct VerbTable: Sendable {
    /// Where help lists the verb. Hidden ones are for `mq` itself.
    enum Group: String, CaseIterable, Sendable {
        case messages = "Messages"
        case work = "Work"
        case smokeTests = "Smoke tests"
        case queues = "Queues"
        case measuring = "Measuring"
        case about = "About"
        case hidden = ""
    }

    /// What it does to queues.
    enum Effect: String, Sendable {
        case reads, changes
    }

    /// A part of the description.
    enum Part: Sendable {
        case text(String)
        /// Lines that stay as they are.
        case lines([String])
        /// Words and what they mean.
        case terms([(String, String)])
    }

    /// Flags that belong together.
    struct Section: Sendable {
        let title: String
        let flags: [Flag]

        init(_ title: String, _ flags: [Flag]) {
            self.title = title
            self.flags = flags
        }
    }

    /// What somebody wants to do, and the commands for it. Each was typed.
    struct Example: Sendable {
        let meaning: String
        let lines: [String]

        init(_ meaning: String, _ lines: String...) {
            self.meaning = meaning
            self.lines = lines
        }
    }

    /// One word, or two for what `bench` does with saved runs.
    let name: String
    let group: Group
    let effect: Effect
    /// One sentence.
    let summary: String
    /// Other forms than all the operands and options: what stands behind the name.
    let forms: [String]
    let description: [Part]
    let operands: [Operand]
    let sections: [Section]
    let examples: [Example]
    /// The exit statuses it can have beside those of every verb.
    let statuses: [CInt]
    /// What status 1 means; `nil` when there is no such answer.
    let negative: String?
    /// When the verb fails by other rules than those of `mq`.
    let convention: Convention?

    init(
        _ name: String, _ group: Group, _ effect: Effect, _ summary: String, forms: [String] = [], description: [Part] = [],
        operands: [Operand] = [], sections: [Section] = [], examples: [Example] = [], statuses: [CInt] = [], negative: String? = nil,
        convention: Convention? = nil
    ) {
        self.name = name
        self.group = group
        self.effect = effect
        self.summary = summary
        self.forms = forms
        self.description = description
        self.operands = operands
        self.sections = sections + [.common(namesAddress: operands.contains(where: \.namesQueue))]
        self.examples = examples
        self.statuses = statuses
        self.negative = negative
        self.convention = convention
    }

    var isHidden: Bool { group == .hidden }

    var flags: [Flag] { sections.flatMap(\.flags) }

    func flag(named name: String) -> Flag? {
        for section in sections { for flag in section.flags where flag.name == name { return flag } }
        return nil
    }

    func flag(short: Unicode.Scalar) -> Flag? {
        for section in sections { for flag in section.flags where flag.short == short { return flag } }
        return nil
    }

    /// The forms of the command line, without `mq`.
    var synopses: [String] {
        guard forms.isEmpty else { return forms.map { "\(name) \($0)" } }
        let (commands, plain) = (operands.filter(\.isCommand), operands.filter { !$0.isCommand })
        return [([name] + plain.map(\.synopsis) + ["[OPTION...]"] + commands.map(\.synopsis)).joined(separator: " ")]
    }
}
