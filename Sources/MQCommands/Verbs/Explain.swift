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
        try Results.print(words.has(.json) ? Self.json(facts, options) : Self.text(facts, options))
        return .success
    }

    private static func fact(_ spec: OptionSpec, _ values: OptionValues) -> Fact {
        guard let entry = values.entry(spec.key) else {
            return Fact(spec.key, spec.key, .text(spec.standard ?? "(not set)"), source: "default")
        }
        let given = spec.repeatable ? values.texts(spec.key).joined(separator: " ") : entry.value ?? "yes"
        return Fact(spec.key, spec.key, .text(given), source: entry.source.words)
    }

    private static func text(_ facts: [Fact], _ options: [Fact]) -> String {
        let rows = (facts + options).map { [$0.label, $0.value.text, $0.source.map { "(\($0))" } ?? ""] }
        let table = Results.table(["", "", ""], rows, widest: 40)
        return String(table.drop { $0 == "\n" })
    }

    private static func json(_ facts: [Fact], _ options: [Fact]) -> String {
        var json = JSONText()
        func write(_ fact: Fact) {
            json.key(fact.key)
            json.open("{")
            json.key("value")
            fact.value.write(into: &json)
            if let source = fact.source {
                json.key("source")
                json.value(source)
            }
            json.close("}")
        }
        json.open("{")
        facts.forEach(write)
        json.key("options")
        json.open("{")
        options.forEach(write)
        json.close("}")
        json.close("}")
        return json.string + "\n"
    }
}
