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
            try Results.print(Self.json(descriptors))
        } else if name != nil {
            try Results.print(Self.page(descriptors[0]))
        } else {
            try Results.print(Self.overview(descriptors) + "\nmq transports NAME shows addresses, capabilities and options.\n")
        }
        return .success
    }

    /// A transport a line; a long summary goes on below its beginning.
    private static func overview(_ descriptors: [Descriptor]) -> String {
        let rows = [("TRANSPORT", "WHAT IT IS")] + descriptors.map { ($0.name, $0.summary) }
        let width = rows.map(\.0.count).max()! + 2
        return rows.map { name, summary in
            name + Results.wrapped(summary, indent: width).dropFirst(name.count)
        }.joined()
    }

    /// Everything about one transport, for a terminal of 80 columns.
    static func page(_ descriptor: Descriptor) -> String {
        var text = Results.wrapped("\(descriptor.name) – \(descriptor.summary)") + "\n"
        text += "ADDRESSES\n" + descriptor.forms.map { "  \($0)\n" }.joined()
        text += "\nCAPABILITIES\n" + Results.wrapped(descriptor.capabilities.names.joined(separator: ", "), indent: 2)
        text += "\nOPTIONS (in the address: ,key=value; or -o key=value)\n"
        for option in descriptor.options {
            text += "  \(option.key)=\(option.placeholder)\(option.repeatable ? " (repeatable)" : "")\n"
            let facts = [option.standard.map { "default: \($0)" }, option.scope == .any ? nil : option.scope.rawValue].compactMap { $0 }
            text += Results.wrapped(option.help + (facts.isEmpty ? "" : " [\(facts.joined(separator: "; "))]"), indent: 6)
        }
        text += "\nNOTES\n" + descriptor.notes.map { Results.wrapped($0, indent: 2) }.joined(separator: "\n")
        text += "\nEXAMPLES\n" + descriptor.examples.map { "  \($0.address)\n      \($0.meaning)\n" }.joined()
        return text
    }

    private static func json(_ descriptors: [Descriptor]) -> String {
        var json = JSONText()
        json.open("[")
        for descriptor in descriptors { write(descriptor, into: &json) }
        json.close("]")
        return json.string + "\n"
    }

    private static func write(_ descriptor: Descriptor, into json: inout JSONText) {
        json.open("{")
        json.key("name")
        json.value(descriptor.name)
        json.key("summary")
        json.value(descriptor.summary)
        for (key, list) in [("schemes", descriptor.schemes), ("forms", descriptor.forms), ("capabilities", descriptor.capabilities.names)] {
            json.key(key)
            json.open("[")
            for item in list { json.value(item) }
            json.close("]")
        }
        json.key("options")
        json.open("[")
        for option in descriptor.options {
            json.open("{")
            for (key, value) in [
                ("key", option.key), ("value", option.placeholder), ("default", option.standard), ("applies", option.scope.rawValue),
                ("help", option.help),
            ] {
                guard let value else { continue }
                json.key(key)
                json.value(value)
            }
            json.key("repeatable")
            json.value(option.repeatable)
            json.close("}")
        }
        json.close("]")
        json.close("}")
    }
}
