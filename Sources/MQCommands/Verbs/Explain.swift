import MQCore

struct Explain: Verb {
    static let table = VerbTable(
        "explain", .about, .reads, "Show how an address is understood, and where every value comes from.",
        description: [
            .text(
                "Nothing is opened. An alias is expanded, the target is shown in its parts, and each option of the transport with its value and its source. With -v, options without a value are shown too."
            ),
            .text(
                "With --connect, the other end is asked what it is, by an exchange of its own protocol: a ZeroMQ peer for its version, security and socket type. Nothing is made, sent or taken."
            ),
        ],
        operands: [Operand("ADDRESS", .one, .address, help: "The address.")],
        sections: [VerbTable.Section("Output", [.json]), VerbTable.Section("Asking", [connect, timeout])],
        examples: [
            VerbTable.Example("Where does each value come from?", "mq explain posix-mq:/jobs,maxmsg=64"),
            VerbTable.Example("Who is there, and what does it speak?", "mq explain zmq:pull:tcp://127.0.0.1:5555 --connect"),
            VerbTable.Example("What an alias stands for:", "mq explain @jobs --json | jq -r .address.value"),
        ],
        statuses: [66, 69, 76, 77, 78])

    static let connect = Flag("connect", help: "Ask the other end what it is.")
    static let timeout = Flag.timeout.saying("How long to wait for an answer to --connect: 5s unless given.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let resolved = try ResolvedAddress(words.word("ADDRESS")!, options: words.texts(.option))
        var facts = [
            Fact("address", "Address", .text(resolved.address.text), source: "as mq prints it"),
            Fact("transport", "Transport", .text(resolved.descriptor.name), source: "scheme \(resolved.address.scheme):"),
        ]
        let transport = try resolved.transport()
        facts += transport.explain()
        if words.has(.timeout), !words.has(Self.connect) { throw TransportError(.usage, "--timeout is about --connect") }
        // What it says of itself stands apart from what the address says.
        let answers = try words.has(Self.connect) ? ask(transport) : []
        let options = resolved.descriptor.options.filter { spec in
            (words.has(.verbose) || spec.standard != nil || resolved.options.has(spec.key)) && !facts.contains { $0.key == spec.key }
        }
        .map { Self.fact($0, resolved.options) }
        if words.has(.json) {
            try Results.print(Self.json(facts, options, answers))
        } else {
            try Results.print(Self.text(facts + options + answers))
        }
        return .success
    }

    private func ask(_ transport: any Transport) throws(TransportError) -> [Fact] {
        ProcessMonitor.releaseSignals()
        var opening = Opening(stop: StopFlag())
        (opening.deadline, opening.triesOnce) = (.after(words.duration(.timeout) ?? .seconds(5)), true)
        let facts = try transport.probe(opening)
        return facts.map { Fact($0.key, $0.label, $0.value, source: "answered") }
    }

    private static func fact(_ spec: OptionSpec, _ values: OptionValues) -> Fact {
        guard let entry = values.entry(spec.key) else {
            return Fact(spec.key, spec.key, .text(spec.standard ?? "(not set)"), source: "default")
        }
        let given = spec.repeatable ? values.texts(spec.key).joined(separator: " ") : entry.value ?? "yes"
        return Fact(spec.key, spec.key, .text(given), source: entry.source.words)
    }

    private static func text(_ facts: [Fact]) -> String {
        var rows = Rows([.init(), .init(), .init()])
        for fact in facts { rows.append([fact.label, fact.value.text, fact.source.map { "(\($0))" } ?? ""]) }
        return rows.text(widest: 40)
    }

    private static func json(_ facts: [Fact], _ options: [Fact], _ answers: [Fact]) -> JSONTree {
        func members(_ facts: [Fact]) -> [JSONMember] {
            facts.map { fact in
                JSONMember(key: fact.key, value: .present(("value", fact.value.tree), ("source", fact.source.map { .string($0) })))
            }
        }
        let peer = answers.isEmpty ? [] : [JSONMember(key: "peer", value: .object(members(answers)))]
        return .object(members(facts) + [JSONMember(key: "options", value: .object(members(options)))] + peer)
    }
}
