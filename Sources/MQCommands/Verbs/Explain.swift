import MQCore

struct Explain: Verb {
    static let table = VerbTable(
        "explain", .about, .reads, "Show how an address is understood, and where every value comes from.",
        description: [
            .text(
                "Nothing is opened. An alias is expanded, the target is shown in its parts, and each option of the transport with its value and its source. With -v, options without a value are shown too."
            )
        ],
        operands: [Operand("ADDRESS", .one, .address, help: "The address.")],
        sections: [VerbTable.Section("Output", [.json])],
        examples: [
            VerbTable.Example("Where does each value come from?", "mq explain posix-mq:/jobs,maxmsg=64"),
            VerbTable.Example("What an alias stands for:", "mq explain @jobs --json | jq -r .address.value"),
        ],
        statuses: [78])

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let resolved = try ResolvedAddress(words.word("ADDRESS")!, options: words.texts(.option))
        var facts = [
            Fact("address", "Address", .text(resolved.address.text), source: "as mq prints it"),
            Fact("transport", "Transport", .text(resolved.descriptor.name), source: "scheme \(resolved.address.scheme):"),
        ]
        facts += try resolved.transport().explain()
        let options = resolved.descriptor.options.filter { spec in
            (words.has(.verbose) || spec.standard != nil || resolved.options.has(spec.key)) && !facts.contains { $0.key == spec.key }
        }
        .map { Self.fact($0, resolved.options) }
        if words.has(.json) {
            try Results.print(Self.json(facts, options))
        } else {
            try Results.print(Self.text(facts + options))
        }
        return .success
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

    private static func json(_ facts: [Fact], _ options: [Fact]) -> JSONTree {
        func members(_ facts: [Fact]) -> [JSONMember] {
            facts.map { fact in
                JSONMember(key: fact.key, value: .present(("value", fact.value.tree), ("source", fact.source.map { .string($0) })))
            }
        }
        return .object(members(facts) + [JSONMember(key: "options", value: .object(members(options)))])
    }
}
