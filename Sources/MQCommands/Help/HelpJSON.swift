import MQCore

/// `mq help --json`: the tables of the verbs, for programs.
enum HelpJSON {
    static func tree(_ tables: [VerbTable], version: String) -> JSONTree {
        ["version": .string(version), "verbs": .array(tables.filter { !$0.isHidden }.map(tree))]
    }

    private static func tree(_ table: VerbTable) -> JSONTree {
        let options = table.sections.flatMap { section in section.flags.map { tree($0, of: section.title) } }
        return [
            "name": .string(table.name), "group": .string(table.group.rawValue), "effect": .string(table.effect.rawValue),
            "summary": .string(table.summary), "synopses": .strings(table.synopses.map { "mq \($0)" }),
            "operands": .array(table.operands.map(tree)), "options": .array(options),
            "examples": .array(table.examples.map { ["meaning": .string($0.meaning), "lines": .strings($0.lines)] }),
            "statuses": .array(table.exitStatuses.map { ["status": .integer(Int($0.0)), "meaning": .string($0.1)] }),
        ]
    }

    private static func tree(_ operand: Operand) -> JSONTree {
        .object(
            [
                JSONMember(key: "name", value: .string(operand.name)), JSONMember(key: "required", value: .bool(operand.isRequired)),
                JSONMember(key: "repeats", value: .bool(operand.repeats)),
                JSONMember(key: "behind_dashes", value: .bool(operand.isCommand)),
            ] + members(of: operand.kind) + [JSONMember(key: "help", value: .string(operand.help))])
    }

    private static func tree(_ flag: Flag, of section: String) -> JSONTree {
        var members = [
            JSONMember(key: "names", value: .strings(flag.names)), JSONMember(key: "group", value: .string(section)),
            JSONMember(key: "repeats", value: .bool(flag.repeats)),
        ]
        if let kind = flag.kind {
            members.append(JSONMember(key: "value", value: .string(flag.placeholder)))
            members += self.members(of: kind)
        } else {
            members.append(JSONMember(key: "kind", value: "flag"))
        }
        if let standard = flag.standard { members.append(JSONMember(key: "default", value: .string(standard))) }
        return .object(members + [JSONMember(key: "help", value: .string(flag.help))])
    }

    private static func members(of kind: ValueKind) -> [JSONMember] {
        let name = JSONMember(key: "kind", value: .string(kind.word))
        switch kind {
        case .integer(let range):
            let least = JSONMember(key: "minimum", value: .integer(range.lowerBound))
            if range.upperBound == .max { return [name, least] }
            return [name, least, JSONMember(key: "maximum", value: .integer(range.upperBound))]
        case .choice(let words): return [name, JSONMember(key: "choices", value: .strings(words))]
        case .framing: return [name, JSONMember(key: "choices", value: .strings(Framing.words))]
        default: return [name]
        }
    }
}
