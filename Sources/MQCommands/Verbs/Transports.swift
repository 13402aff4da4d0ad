import MQCore

struct Transports: Verb {
    static let table = VerbTable(
        "transports", .about, .reads, "List the kinds of queue, their capabilities and options.",
        description: [.text("With a name, shows the forms of its addresses, what it promises, and every option.")],
        operands: [Operand("TRANSPORT", .optional, .transport, help: "A transport: posix-mq, sysv, zmq, ...")],
        sections: [VerbTable.Section("Output", [.json])],
        examples: [
            VerbTable.Example("Everything about ZeroMQ addresses:", "mq transports zmq"),
            VerbTable.Example(
                "What can each of them do?",
                #"mq transports --json | jq -r '.[] | "\(.name): \(.capabilities)"'"#),
        ])

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let name = words.word("TRANSPORT")
        let descriptors =
            try name.map { name throws(TransportError) in [try Registry.transport(named: name).descriptor] } ?? Registry.descriptors
        if words.has(.json) {
            try Results.print(.array(descriptors.map(Self.json)))
        } else if name != nil {
            let library = descriptors[0].library.map { "\nON THIS MACHINE\n" + $0().wrapped(indent: 2) } ?? ""
            try Results.print(Self.page(descriptors[0]) + library)
        } else {
            try Results.print(Self.overview(descriptors) + "\nmq transports NAME shows addresses, capabilities and options.\n")
        }
        return .success
    }

    /// A transport a line; a long summary goes on below its beginning.
    private static func overview(_ descriptors: [Descriptor]) -> String {
        let rows = [("TRANSPORT", "WHAT IT IS")] + descriptors.map { ($0.name, $0.summary) }
        let width = rows.map(\.0.count).max()! + 2
        return rows.map { Rows.entry($0.0, $0.1, column: width) }.joined()
    }

    /// Everything about one transport, for a terminal of 80 columns.
    static func page(_ descriptor: Descriptor) -> String {
        var text = "\(descriptor.name) – \(descriptor.summary)".wrapped() + "\n"
        text += "ADDRESSES\n" + descriptor.forms.map { "  \($0)\n" }.joined()
        text += "\nCAPABILITIES\n" + descriptor.capabilities.names.joined(separator: ", ").wrapped(indent: 2)
        text += "\nOPTIONS (in the address: ,key=value; or -o key=value)\n"
        for option in descriptor.options {
            text += "  \(option.key)=\(option.placeholder)\(option.repeatable ? " (repeatable)" : "")\n"
            let facts = [option.standard.map { "default: \($0)" }, option.scope == .any ? nil : option.scope.rawValue].compactMap { $0 }
            text += (option.help + (facts.isEmpty ? "" : " [\(facts.joined(separator: "; "))]")).wrapped(indent: 6)
        }
        text += "\nNOTES\n" + descriptor.notes.map { $0.wrapped(indent: 2) }.joined(separator: "\n")
        text += "\nEXAMPLES\n" + descriptor.examples.map { "  \($0.address)\n      \($0.meaning)\n" }.joined()
        return text
    }

    private static func json(_ descriptor: Descriptor) -> JSONTree {
        [
            "name": .string(descriptor.name), "summary": .string(descriptor.summary), "schemes": .strings(descriptor.schemes),
            "forms": .strings(descriptor.forms), "capabilities": .strings(descriptor.capabilities.names),
            "options": .array(descriptor.options.map(json)),
        ]
    }

    private static func json(_ option: OptionSpec) -> JSONTree {
        .present(
            ("key", .string(option.key)), ("value", .string(option.placeholder)), ("default", option.standard.map { .string($0) }),
            ("applies", .string(option.scope.rawValue)), ("help", .string(option.help)), ("repeatable", .bool(option.repeatable)))
    }
}
