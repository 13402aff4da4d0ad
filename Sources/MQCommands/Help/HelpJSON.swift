import MQCore

/// `mq help --json`: the tables of the verbs, for programs.
enum HelpJSON {
    static func text(_ tables: [VerbTable], version: String) -> String {
        var json = JSONText()
        json.open("{")
        json.member("version", version)
        json.list("verbs", tables.filter { !$0.isHidden }) { write($1, into: &$0) }
        json.close("}")
        return json.string + "\n"
    }

    private static func write(_ table: VerbTable, into json: inout JSONText) {
        json.open("{")
        json.member("name", table.name)
        json.member("group", table.group.rawValue)
        json.member("effect", table.effect.rawValue)
        json.member("summary", table.summary)
        json.list("synopses", table.synopses) { $0.value("mq \($1)") }
        json.list("operands", table.operands) { write($1, into: &$0) }
        json.list("options", table.sections.flatMap { section in section.flags.map { (section.title, $0) } }) {
            write($1.1, $1.0, into: &$0)
        }
        json.list("examples", table.examples) { json, example in
            json.open("{")
            json.member("meaning", example.meaning)
            json.list("lines", example.lines) { $0.value($1) }
            json.close("}")
        }
        json.list("statuses", table.exitStatuses) { json, row in
            json.open("{")
            json.key("status")
            json.value(Int(row.0))
            json.member("meaning", row.1)
            json.close("}")
        }
        json.close("}")
    }

    private static func write(_ operand: Operand, into json: inout JSONText) {
        json.open("{")
        json.member("name", operand.name)
        json.key("required")
        json.value(operand.isRequired)
        json.key("repeats")
        json.value(operand.repeats)
        json.key("behind_dashes")
        json.value(operand.isCommand)
        write(operand.kind, into: &json)
        json.member("help", operand.help)
        json.close("}")
    }

    private static func write(_ flag: Flag, _ section: String, into json: inout JSONText) {
        json.open("{")
        json.list("names", flag.names) { $0.value($1) }
        json.member("group", section)
        json.key("repeats")
        json.value(flag.repeats)
        if let kind = flag.kind {
            json.member("value", flag.placeholder)
            write(kind, into: &json)
        } else {
            json.member("kind", "flag")
        }
        if let standard = flag.standard { json.member("default", standard) }
        json.member("help", flag.help)
        json.close("}")
    }

    private static func write(_ kind: ValueKind, into json: inout JSONText) {
        json.member("kind", kind.word)
        switch kind {
        case .integer(let range):
            json.key("minimum")
            json.value(range.lowerBound)
            if range.upperBound != .max {
                json.key("maximum")
                json.value(range.upperBound)
            }
        case .choice(let words): json.list("choices", words) { $0.value($1) }
        case .framing: json.list("choices", Framing.words) { $0.value($1) }
        default: break
        }
    }
}

extension JSONText {
    fileprivate mutating func member(_ key: String, _ text: String) {
        self.key(key)
        value(text)
    }

    fileprivate mutating func list<Element>(_ key: String, _ elements: [Element], _ write: (inout JSONText, Element) -> Void) {
        self.key(key)
        open("[")
        for element in elements { write(&self, element) }
        close("]")
    }
}
