import MQCore

/// The manual pages, made from the commands, the descriptors and the contract.
enum ManPages {
    /// File name and text of every page.
    static func all(_ tables: [VerbTable], date: String) -> [(name: String, text: String)] {
        let shown = tables.filter { !$0.isHidden }
        return [("mq.1", root(shown, date))] + shown.map { ("\(page($0)).1", verb($0, shown, date)) }
            + [("mq-transports.7", transports(date)), ("mq-contract.7", ContractPage.text(date: date))]
    }

    /// The date of the topmost heading that has one, as mdoc(7) wants it: a page changes when the changes say so.
    /// - Throws: `malformed` without such a heading.
    static func date(ofChanges text: String) throws(TransportError) -> String {
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
        ]
        for line in text.split(separator: "\n") where line.hasPrefix("## ") {
            for word in line.split(whereSeparator: { " (),".contains($0) }) {
                let parts = word.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
                if parts.count == 3, parts[0] > 0, (1...12).contains(parts[1]), (1...31).contains(parts[2]) {
                    return "\(months[parts[1] - 1]) \(parts[2]), \(parts[0])"
                }
            }
        }
        throw TransportError(.malformed, "no heading of the changes has a date", hint: "## 1.2.0, 2030-01-31")
    }

    /// `mq-send`, `mq-bench-compare`.
    private static func page(_ verb: VerbTable) -> String {
        "mq-" + verb.name.split(separator: " ").joined(separator: "-")
    }

    private static func root(_ tables: [VerbTable], _ date: String) -> String {
        var page = Mdoc(title: "mq", section: 1, date: date, name: "mq", summary: "one command for message queues")
        page.section("SYNOPSIS")
        page.synopsis("mq", "VERB ADDRESS [ARGUMENT...] [OPTION...]")
        page.section("DESCRIPTION")
        page.macro(".Nm")
        page.body("sends, receives and manages messages in many kinds of queue; only the address differs.")
        for group in VerbTable.Group.allCases {
            let verbs = tables.filter { $0.group == group }
            if verbs.isEmpty { continue }
            page.subsection(group.rawValue)
            page.list(verbs.map { ("Xr \(self.page($0)) 1", [$0.summary]) })
        }
        page.subsection("Further pages")
        page.list([
            ("Xr mq-contract 7", ["What holds for every kind of queue: addresses, framing, delivery, signals."]),
            ("Xr mq-transports 7", ["What each kind of queue has beyond that."]),
        ])
        page.section("ENVIRONMENT")
        page.list([
            ("Ev MQ_CONFIG", ["The configuration file, instead of the one below."]),
            ("Ev NO_COLOR", ["When set and not empty, nothing is coloured."]),
        ])
        page.section("FILES")
        page.list([
            (
                "Pa ~/.config/mq/config.json",
                [
                    "One JSON object. Its member alias names addresses, which are then written @NAME: {\"alias\": {\"jobs\": \"posix-mq:/jobs\"}}"
                ]
            )
        ])
        exitStatus(&page, ExitStatus.table)
        examples(&page, rootExamples)
        page.section("SEE ALSO")
        let names = (tables.map { (self.page($0), 1) } + [("mq-contract", 7), ("mq-transports", 7)]).sorted {
            ($0.1, $0.0) < ($1.1, $1.0)
        }
        references(&page, names)
        return page.text
    }

    private static let rootExamples = [
        VerbTable.Example(
            "Lines go into a POSIX queue and come out in another terminal:", "mq send posix-mq:/jobs --create < jobs.txt",
            "mq recv posix-mq:/jobs | while read -r job; do run \"$job\"; done"),
        VerbTable.Example(
            "A ZeroMQ pipeline over a socket file; either side may start first:", "mq recv zmq:pull:@ipc:///tmp/feed > out",
            "mq send zmq:push:ipc:///tmp/feed < in"),
        VerbTable.Example(
            "Messages move between two kinds of queue with everything they carry:",
            "mq recv posix-mq:/jobs --drain -J | mq send sysv:0x4d51 -J"),
    ]

    private static func verb(_ table: VerbTable, _ tables: [VerbTable], _ date: String) -> String {
        var page = Mdoc(title: self.page(table), section: 1, date: date, name: self.page(table), summary: Mdoc.lowered(table.summary))
        page.section("SYNOPSIS")
        for form in HelpText.synopses(of: table, among: tables) {
            let name = ([table] + tables).filter { form.hasPrefix($0.name + " ") }.map(\.name).max { $0.count < $1.count } ?? table.name
            page.synopsis("mq \(name)", form.dropFirst(name.count))
        }
        page.section("DESCRIPTION")
        page.paragraph(table.summary)
        for part in table.description {
            switch part {
            case .text(let text): page.paragraph(text)
            case .lines(let lines): page.literal(lines)
            case .terms(let terms): page.list(terms.map { ("Li \(Mdoc.word($0.0))", [Mdoc.sentence($0.1)]) })
            }
        }
        if !table.operands.isEmpty {
            page.paragraph("The operands are:")
            page.list(table.operands.map { ("Ar \(Mdoc.argument($0.name))", [$0.help]) })
        }
        for section in table.sections {
            page.subsection(section.title)
            page.list(
                section.flags.map { flag in (tag(flag), [flag.help + (flag.standard.map { " The default is \($0)." } ?? "")]) })
        }
        exitStatus(&page, table.exitStatuses)
        if !table.examples.isEmpty { examples(&page, table.examples) }
        page.section("SEE ALSO")
        let further = tables.filter { $0.name.hasPrefix(table.name + " ") }.map { (self.page($0), 1) }
        references(&page, [("mq", 1)] + further + [("mq-contract", 7), ("mq-transports", 7)])
        return page.text
    }

    private static func tag(_ flag: Flag) -> String {
        let value = flag.kind == nil ? "" : " Ar \(Mdoc.argument(flag.placeholder))"
        return flag.names.map { "Fl \(Mdoc.argument(String($0.dropFirst())))" }.joined(separator: " , ") + value
    }

    private static func transports(_ date: String) -> String {
        var page = Mdoc(
            title: "mq-transports", section: 7, date: date, name: "mq-transports", summary: "addresses and options of each kind of queue")
        page.section("DESCRIPTION")
        page.paragraph("Options are written in the address, behind a comma (,key=value), or as -o key=value. A comma in a value is %2C.")
        for descriptor in Registry.descriptors {
            page.section(descriptor.name.uppercased())
            page.paragraph(Mdoc.sentence(descriptor.summary))
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
                        "Cm \(Mdoc.word("\(option.key)=\(option.placeholder)"))",
                        ["\(Mdoc.sentence(option.help)) \(facts.joined(separator: " "))"]
                    )
                })
            page.paragraph("Examples:")
            page.list(descriptor.examples.map { ("Li \(Mdoc.word($0.address))", [Mdoc.sentence($0.meaning)]) })
        }
        page.section("SEE ALSO")
        references(&page, [("mq", 1), ("mq-contract", 7)])
        return page.text
    }

    static func exitStatus(_ page: inout Mdoc, _ rows: [(CInt, String)]) {
        page.section("EXIT STATUS")
        page.list(rows.map { ("Li \($0.0)", [$0.1]) })
    }

    private static func examples(_ page: inout Mdoc, _ examples: [VerbTable.Example]) {
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
}
