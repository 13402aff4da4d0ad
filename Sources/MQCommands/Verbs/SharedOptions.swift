import ArgumentParser
import MQCore

enum ColorChoice: String, ExpressibleByArgument, CaseIterable, Sendable { case auto, always, never }
enum LogFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

/// Flags that every verb has.
struct SharedOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .customLong("option")],
        help: ArgumentHelp("An option of the address; mq transports NAME lists them.", valueName: "key=value"))
    var options: [String] = []

    @Flag(name: .shortAndLong, help: "Say nothing but the sentence of a failure.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Explain what happens; -vv explains more.")
    var verbose: Int

    @Option(help: ArgumentHelp("What standard error looks like: text or json.", valueName: "format"))
    var logFormat: LogFormat = .text

    @Option(help: ArgumentHelp("What the sentence of a failure looks like: text or json.", valueName: "format"))
    var errorFormat: LogFormat = .text

    @Option(help: ArgumentHelp("Colour: auto, always or never.", valueName: "when"))
    var color: ColorChoice = .auto

    var console: Console {
        Console(
            Console.Settings(
                isQuiet: quiet, verbosity: verbose, logsAreJSON: logFormat == .json, errorsAreJSON: errorFormat == .json, color: color))
    }
}

/// A value that a person writes with a unit.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration
    init?(argument: String) {
        guard let duration = Quantity.duration(argument) else { return nil }
        self.duration = duration
    }
}

/// The framing flags, the same for `send` and `recv`.
struct FramingOptions: ParsableArguments {
    @Option(
        name: [.customShort("F"), .long],
        help: ArgumentHelp("How messages are told apart: lines, nul, delim:STR, len32, netstring, whole, jsonl or files.", valueName: "framing"))
    var framing: String?

    @Flag(name: [.customShort("0"), .customLong("null")], help: "The same as --framing nul.")
    var nul = false

    @Flag(name: .shortAndLong, help: "The same as --framing whole.")
    var whole = false

    @Flag(name: [.customShort("J"), .customLong("jsonl")], help: "The same as --framing jsonl.")
    var jsonl = false

    /// - Throws: `usage` when two are given.
    func resolve() throws(TransportError) -> Framing {
        let shorthands: [Framing] = (nul ? [.nul] : []) + (whole ? [.whole] : []) + (jsonl ? [.jsonl] : [])
        let given = try framing.map { word throws(TransportError) in [try Framing(parsing: word)] } ?? []
        let all = given + shorthands
        guard all.count <= 1 else {
            throw TransportError(.usage, "the framing is given twice: \(all.map(\.word).joined(separator: " and "))")
        }
        return all.first ?? .lines
    }
}
