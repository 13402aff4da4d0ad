import MQCore

/// The manual pages, made from the commands, the descriptors and the contract.
enum ManPages {
    static let date = "November 21, 2026"

    /// File name and text of every page.
    static func all() -> [(name: String, text: String)] {
        let model = CommandModel.load()
        return [("mq.1", root(model))] + model.verbs.map { ("\(page($0)).1", verb($0, model)) }
            + [("mq-transports.7", transports()), ("mq-contract.7", ContractPage.text(date: date))]
    }

    /// `mq-send`, `mq-bench-compare`.
    private static func page(_ verb: CommandModel) -> String {
        "mq-" + verb.name.split(separator: " ").joined(separator: "-")
    }

    private static func root(_ model: CommandModel) -> String {
        var page = Mdoc(title: "mq", section: 1, date: date, name: "mq", summary: "one command for message queues")
        page.section("SYNOPSIS")
        for line in [".Nm", ".Ar verb", ".Ar address", ".Op Ar argument ...", ".Op Ar option ..."] { page.macro(line) }
        page.section("DESCRIPTION")
        page.paragraph("mq sends, receives and looks after messages in queues of many kinds, which differ in the address only.")
        page.macro(".Bl -tag -width transports")
        for verb in model.verbs {
            page.macro(".It Xr \(self.page(verb)) 1")
            page.body(verb.abstract)
        }
        page.macro(".El")
        page.paragraph("Addresses, framing, delivery and signals are the same for every kind of queue:")
        page.macro(".Xr mq-contract 7 .")
        page.macro("What each kind of queue has beyond that:")
        page.macro(".Xr mq-transports 7 .")
        page.section("ENVIRONMENT")
        page.list([
            (".Ev MQ_CONFIG".tagged, ["The configuration file, instead of the one below."]),
            (".Ev NO_COLOR".tagged, ["When set and not empty, nothing is coloured."]),
        ])
        page.section("FILES")
        page.list([
            (
                ".Pa ~/.config/mq/config.json".tagged,
                [
                    "One JSON object. Its member alias names addresses, which are then written @NAME: {\"alias\": {\"jobs\": \"posix-mq:/jobs\"}}"
                ]
            )
        ])
        exitStatus(&page)
        examples(&page, Examples.root)
        page.section("SEE ALSO")
        let names = (model.verbs.map { (self.page($0), 1) } + [("mq-contract", 7), ("mq-transports", 7)]).sorted {
            ($0.1, $0.0) < ($1.1, $1.0)
        }
        references(&page, names)
        return page.text
    }

    private static func verb(_ verb: CommandModel, _ model: CommandModel) -> String {
        var page = Mdoc(title: self.page(verb), section: 1, date: date, name: self.page(verb), summary: lowered(verb.abstract))
        page.section("SYNOPSIS")
        page.macro(".Nm mq \(verb.name)")
        for argument in verb.arguments where argument.kind == .positional && argument.isShown {
            let word = "Ar \(Mdoc.argument(argument.valueName))\(argument.isRepeating ? " ..." : "")"
            page.macro(argument.isOptional || argument.isRepeating ? ".Op \(word)" : ".\(word)")
        }
        page.macro(".Op Ar option ...")
        page.section("DESCRIPTION")
        page.paragraph(verb.abstract)
        describe(verb, &page)
        let positionals = verb.arguments.filter { $0.kind == .positional && $0.isShown }
        if !positionals.isEmpty {
            page.paragraph("The arguments are:")
            page.list(positionals.map { (".Ar \(Mdoc.argument($0.valueName))".tagged, [$0.abstract]) })
        }
        page.paragraph("The options are:")
        page.list(verb.arguments.filter { $0.kind != .positional && $0.isShown }.map { (tag($0), help($0)) })
        exitStatus(&page)
        if let examples = Examples.verbs[verb.name] { ManPages.examples(&page, examples) }
        page.section("SEE ALSO")
        references(&page, [("mq", 1), ("mq-contract", 7), ("mq-transports", 7)])
        return page.text
    }

    /// A discussion is paragraphs; lines with a colon and two spaces are a table and stay as they are.
    private static func describe(_ verb: CommandModel, _ page: inout Mdoc) {
        if verb.name == "recv" {
            page.paragraph(verb.discussion.components(before: "Fields of --format"))
            page.paragraph("Fields of --format, which adds nothing by itself, not even a newline; C escapes are undone:")
            page.list(OutputFormat.fields.map { (".Li \(Mdoc.word($0.0))".tagged, [$0.1.prefix(1).uppercased() + $0.1.dropFirst() + "."]) })
        } else if verb.name == "completion" {
            page.literal(verb.discussion.split(separator: "\n").map(String.init))
        } else {
            for paragraph in verb.discussion.paragraphs { page.paragraph(paragraph) }
        }
    }

    private static func tag(_ argument: CommandModel.Argument) -> String {
        let value = argument.takesValue ? " Ar \(Mdoc.argument(argument.valueName))" : ""
        let names = argument.names.map { "Fl \(Mdoc.argument(String($0.dropFirst())))" }
        return names.joined(separator: " , ") + value
    }

    private static func help(_ argument: CommandModel.Argument) -> [String] {
        [argument.abstract]
    }

    private static func transports() -> String {
        var page = Mdoc(
            title: "mq-transports", section: 7, date: date, name: "mq-transports", summary: "addresses and options of each kind of queue")
        page.section("DESCRIPTION")
        page.paragraph("Options are written in the address, behind a comma (,key=value), or as -o key=value. A comma in a value is %2C.")
        for descriptor in Registry.descriptors {
            page.section(descriptor.name.uppercased())
            page.paragraph(descriptor.summary.prefix(1).uppercased() + descriptor.summary.dropFirst() + ".")
            page.literal(descriptor.forms)
            for note in descriptor.notes { page.paragraph(note) }
            page.paragraph("Capabilities: \(descriptor.capabilities.names.joined(separator: ", ")).")
            page.paragraph("The options are:")
            page.list(
                descriptor.options.map { option in
                    let facts = [
                        option.standard.map { "Default: \($0)." },
                        option.scope == .any ? nil : "Applies \(option.scope == .create ? "" : "to ")\(option.scope.rawValue).",
                        option.repeatable ? "May be repeated." : nil,
                    ].compactMap { $0 }
                    return (
                        ".Cm \(Mdoc.word("\(option.key)=\(option.placeholder)"))".tagged,
                        ["\(sentence(option.help)) \(facts.joined(separator: " "))"]
                    )
                })
            page.paragraph("Examples:")
            page.list(descriptor.examples.map { (".Li \(Mdoc.word($0.address))".tagged, [sentence($0.meaning)]) })
        }
        page.section("SEE ALSO")
        references(&page, [("mq", 1), ("mq-contract", 7)])
        return page.text
    }

    static func exitStatus(_ page: inout Mdoc) {
        page.section("EXIT STATUS")
        page.list(ExitStatus.table.map { (".Li \($0.0)".tagged, [$0.1]) })
    }

    private static func examples(_ page: inout Mdoc, _ examples: [Examples.Example]) {
        page.section("EXAMPLES")
        for example in examples {
            page.paragraph(example.meaning)
            page.literal(example.lines)
        }
    }

    static func references(_ page: inout Mdoc, _ names: [(String, Int)]) {
        for (index, (name, section)) in names.enumerated() {
            page.macro(".Xr \(name) \(section)\(index < names.count - 1 ? " ," : "")")
        }
    }

    private static func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst() + (text.hasSuffix(".") ? "" : ".")
    }

    private static func lowered(_ sentence: String) -> String {
        let text = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}

extension String {
    /// The macro as the tag of a list item, where its leading dot goes.
    fileprivate var tagged: String { hasPrefix(".") ? String(dropFirst()) : self }

    fileprivate var paragraphs: [String] {
        var result: [String] = [""]
        for line in split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty { result.append("") } else { result[result.count - 1] += (result[result.count - 1].isEmpty ? "" : " ") + line }
        }
        return result.filter { !$0.isEmpty }
    }

    fileprivate func components(before marker: String) -> String {
        var text = self[...]
        while !text.isEmpty && !text.hasPrefix(marker) { text = text.dropFirst() }
        return String(dropLast(text.count))
    }
}
