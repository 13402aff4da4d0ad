import MQCore

struct Help: Verb {
    static let table = VerbTable(
        "help", .about, .reads, "Show help for a verb.",
        description: [.text("Without a verb, lists them all. The same as mq VERB --help.")],
        operands: [Operand("VERB", .any, .verb, help: "A verb; mq help bench compare shows one of two words.")],
        sections: [
            VerbTable.Section("Output", [.json.saying("Print JSON, for programs: every verb with its operands, options and statuses.")])
        ],
        examples: [
            VerbTable.Example("All about one verb:", "mq help recv"),
            VerbTable.Example("Which verbs never change a queue?", #"mq help --json | jq -r '.verbs[] | select(.effect == "reads").name'"#),
        ])

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let names = words.words("VERB")
        guard let (type, rest) = Verbs.find(names) else {
            if let name = names.first { throw Verbs.unknown(name) }
            if words.has(.json) {
                try Results.print(HelpJSON.tree(Verbs.tables, version: Build.version))
            } else {
                try Results.print(HelpText.root(Verbs.tables))
            }
            return .success
        }
        if let word = rest.first { throw Verbs.unknown("\(names[0]) \(word)") }
        if words.has(.json) {
            try Results.print(HelpJSON.tree([type.table], version: Build.version))
        } else {
            try Results.print(HelpText.verb(type.table, among: Verbs.tables))
        }
        return .success
    }
}
