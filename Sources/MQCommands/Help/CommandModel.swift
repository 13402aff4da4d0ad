import ArgumentParser
import MQCore

/// The commands as the parser describes them: the one source of completion and manual pages.
struct CommandModel {
    struct Argument {
        enum Kind: String { case positional, option, flag }
        var kind = Kind.flag
        /// With their dashes, the short one first: `-F`, `--framing`.
        var names: [String] = []
        var valueName = ""
        var abstract = ""
        var values: [String] = []
        var standard: String?
        var isOptional = false
        var isRepeating = false
        var isShown = true

        /// `-F, --framing framing`
        var takesValue: Bool { kind == .option }
    }

    var name = ""
    var abstract = ""
    var discussion = ""
    var subcommands: [CommandModel] = []
    var arguments: [Argument] = []
    var isShown = true

    /// The verbs a person is told of, those of two words among them.
    var verbs: [CommandModel] { subcommands.filter { $0.isShown && $0.name != "help" } }

    /// The verb that the words of a command line begin with, and the words without its second one.
    func verb(of words: [String]) -> (verb: CommandModel, words: [String])? {
        guard let first = words.first else { return nil }
        if words.count > 1, let verb = verb("\(first) \(words[1])") { return (verb, [first] + words.dropFirst(2)) }
        return verb(first).map { ($0, words) }
    }

    func verb(_ name: String) -> CommandModel? { subcommands.first { $0.name == name } }

    func option(named name: String) -> Argument? { arguments.first { $0.kind != .positional && $0.names.contains(name) } }

    /// Reads what the parser says of `MQ`, and of the verbs behind `bench`, whose names are two words here.
    static func load() -> CommandModel {
        var model = parsed(MQ._dumpHelp())
        for (name, type) in MQ.benchVerbs {
            var verb = parsed(type._dumpHelp())
            verb.name = "bench \(name)"
            model.subcommands.append(verb)
        }
        return model
    }

    /// What the parser says of one verb.
    static func of(_ verb: any ParsableCommand.Type) -> CommandModel { parsed(verb._dumpHelp()) }

    private static func parsed(_ json: String) -> CommandModel {
        var model = CommandModel()
        Array(json.utf8).withUnsafeBytes { bytes in
            do throws(TransportError) {
                var reader = JSONReader(bytes)
                try reader.object { reader, key throws(TransportError) in
                    if key == "command" { model = try command(&reader) } else { try reader.skip() }
                }
            } catch {
                preconditionFailure("the parser's description of the commands has changed: \(error.message)")
            }
        }
        return model
    }

    private static func command(_ reader: inout JSONReader) throws(TransportError) -> CommandModel {
        var model = CommandModel()
        try reader.object { reader, key throws(TransportError) in
            switch key {
            case "commandName": model.name = try reader.string()
            case "abstract": model.abstract = try reader.string()
            case "discussion": model.discussion = try reader.string()
            case "shouldDisplay": model.isShown = try reader.bool()
            case "subcommands": try reader.array { reader throws(TransportError) in model.subcommands.append(try command(&reader)) }
            case "arguments": try reader.array { reader throws(TransportError) in model.arguments.append(try argument(&reader)) }
            default: try reader.skip()
            }
        }
        return model
    }

    private static func argument(_ reader: inout JSONReader) throws(TransportError) -> Argument {
        var argument = Argument()
        try reader.object { reader, key throws(TransportError) in
            switch key {
            case "kind": argument.kind = Argument.Kind(rawValue: try reader.string()) ?? .flag
            case "shouldDisplay": argument.isShown = try reader.bool()
            case "isOptional": argument.isOptional = try reader.bool()
            case "isRepeating": argument.isRepeating = try reader.bool()
            case "valueName": argument.valueName = try reader.string()
            case "abstract": argument.abstract = try reader.string()
            case "defaultValue": argument.standard = try reader.string()
            case "completionKind": argument.values = try listed(&reader)
            case "names": try reader.array { reader throws(TransportError) in argument.names.append(try name(&reader)) }
            default: try reader.skip()
            }
        }
        argument.names.sort { $0.count < $1.count }
        return argument
    }

    /// Stands for the values of an option that takes a file.
    static let fileMark = "/"

    /// `{"list": {"values": ["a", "b"]}}` or `{"file": …}`; other kinds of completion are not used.
    private static func listed(_ reader: inout JSONReader) throws(TransportError) -> [String] {
        var values: [String] = []
        guard try reader.kind() == .object else {
            try reader.skip()
            return []
        }
        try reader.object { reader, key throws(TransportError) in
            if key == "file" { values = [fileMark] }
            guard key == "list" else { return try reader.skip() }
            try reader.object { reader, _ throws(TransportError) in
                try reader.array { reader throws(TransportError) in values.append(try reader.string()) }
            }
        }
        return values
    }

    private static func name(_ reader: inout JSONReader) throws(TransportError) -> String {
        var kind = ""
        var name = ""
        try reader.object { reader, key throws(TransportError) in
            switch key {
            case "kind": kind = try reader.string()
            case "name": name = try reader.string()
            default: try reader.skip()
            }
        }
        return (kind == "long" ? "--" : "-") + name
    }
}
