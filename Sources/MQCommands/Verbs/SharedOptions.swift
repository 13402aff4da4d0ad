import ArgumentParser
import MQCore

enum ColorChoice: String, CaseIterable, Sendable { case auto, always, never }

/// Flags that every verb has.
///
/// Options are texts and are read by `Value`: the parser instantiates its generic machinery for every type of option,
/// 0.1 ms each, and a text that is refused here is refused in a sentence.
struct SharedOptions: ParsableArguments {
    @Option(
        name: [.customShort("o", allowingJoined: true), .customLong("option")],
        help: ArgumentHelp("An option of the address; mq transports NAME lists them.", valueName: "key=value"))
    var options: [String] = []

    @Flag(name: .shortAndLong, help: "Say nothing but the sentence of a failure.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Explain what happens; -vv explains more.")
    var verbose: Int

    @Option(
        help: ArgumentHelp("What standard error looks like: text (the default) or json.", valueName: "format"),
        completion: .list(["text", "json"]))
    var logFormat: String?

    @Option(
        help: ArgumentHelp("What the sentence of a failure looks like: text (the default) or json.", valueName: "format"),
        completion: .list(["text", "json"]))
    var errorFormat: String?

    @Option(
        help: ArgumentHelp("Colour: auto (the default), always or never.", valueName: "when"),
        completion: .list(ColorChoice.allCases.map(\.rawValue)))
    var color: String?

    func settings() throws(TransportError) -> Console.Settings {
        Console.Settings(
            isQuiet: quiet, verbosity: verbose,
            logsAreJSON: try Value.choice(logFormat, "--log-format", ["text", "json"]) == "json",
            errorsAreJSON: try Value.choice(errorFormat, "--error-format", ["text", "json"]) == "json",
            color: try Value.choice(color, "--color", ColorChoice.allCases.map(\.rawValue)).flatMap(ColorChoice.init) ?? .auto)
    }
}

/// Reads the texts of options; each throws `usage` with the flag's name and what is allowed.
enum Value {
    static func duration(_ text: String?, _ flag: String) throws(TransportError) -> Duration? {
        guard let text else { return nil }
        if let duration = Quantity.duration(text) { return duration }
        throw TransportError(.usage, "\(flag) '\(text)' is not a duration", hint: "durations are written 10s, 250ms or 2m")
    }

    static func integer(_ text: String?, _ flag: String, _ range: ClosedRange<Int>) throws(TransportError) -> Int? {
        guard let text else { return nil }
        if let number = Quantity.integer(text), range.contains(number) { return number }
        let bounds = range.upperBound == .max ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
        throw TransportError(.usage, "\(flag) '\(text)' is not a whole number \(bounds)")
    }

    static func choice(_ text: String?, _ flag: String, _ words: [String]) throws(TransportError) -> String? {
        guard let text, !words.contains(text) else { return text }
        let near = Suggestion.nearest(to: text, in: words)
        throw TransportError(
            .usage, "\(flag) '\(text)' is not one of \(words.joined(separator: ", "))", hint: near.map { "did you mean \($0)?" })
    }

    /// A text of at least one character.
    static func name(_ text: String?, _ flag: String) throws(TransportError) -> String? {
        if text == "" { throw TransportError(.usage, "\(flag) is empty") }
        return text
    }

    /// `name=value` or `name:type=value`: a colon in the value stays one.
    static func attribute(_ text: String, after others: [Attribute]) throws(TransportError) -> Attribute {
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            throw TransportError(.usage, "--attribute '\(text)' has no value", hint: "-H name=value, or -H count:Number=3")
        }
        let key = text[..<equals]
        let colon = key.utf8.firstIndex(of: UInt8(ascii: ":"))
        let name = String(key[..<(colon ?? key.endIndex)])
        let type = colon.map { String(key[key.utf8.index(after: $0)...]) } ?? "String"
        if name.isEmpty || type.isEmpty {
            throw TransportError(.usage, "--attribute '\(text)' has no \(name.isEmpty ? "name" : "type")", hint: "-H name[:type]=value")
        }
        if others.contains(where: { $0.name == name }) { throw TransportError(.usage, "--attribute \(name) is given twice") }
        return Attribute(name: name, type: type, value: Array(text.utf8[text.utf8.index(after: equals)...]))
    }

    /// A number of bytes, at least one: `100M`.
    static func size(_ text: String?, _ flag: String) throws(TransportError) -> Int? {
        guard let text else { return nil }
        if let size = Quantity.bytes(text), size > 0 { return size }
        throw TransportError(.usage, "\(flag) '\(text)' is not a size", hint: "sizes are written 512k, 100M or 1G")
    }

    /// A duration that something is repeated at: at least a millisecond.
    static func interval(_ text: String?, _ flag: String) throws(TransportError) -> Duration? {
        guard let duration = try duration(text, flag) else { return nil }
        if duration >= .milliseconds(1) { return duration }
        throw TransportError(.usage, "\(flag) '\(text ?? "")' is too short", hint: "at least 1ms")
    }

    /// `gzip` or `gzip=9`; the level.
    static func gzipLevel(_ text: String?, _ flag: String) throws(TransportError) -> Int? {
        guard let text else { return nil }
        if text == "gzip" { return 6 }
        if text.hasPrefix("gzip="), let level = Quantity.integer(String(text.dropFirst(5))), (1...9).contains(level) { return level }
        throw TransportError(.usage, "\(flag) '\(text)' is no method of compression", hint: "gzip, or gzip=1 to gzip=9")
    }

    /// Messages per second: `100`, `2.5k`, `1M`, `100/s`.
    static func rate(_ text: String?, _ flag: String) throws(TransportError) -> Double? {
        guard let text else { return nil }
        let bare = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
        let factor = bare.hasSuffix("k") ? 1e3 : bare.hasSuffix("M") ? 1e6 : 1
        if let number = Double(factor == 1 ? bare : String(bare.dropLast())), number > 0, number.isFinite { return number * factor }
        throw TransportError(.usage, "\(flag) '\(text)' is not a rate", hint: "rates are messages a second: 100, 2.5k or 1M")
    }
}

/// The framing flags, the same for `send` and `recv`.
struct FramingOptions: ParsableArguments {
    @Option(
        name: [.customShort("F", allowingJoined: true), .long],
        help: ArgumentHelp(
            "How messages are told apart: lines (the default), nul, delim:STR, len32, netstring, whole, jsonl or files.",
            valueName: "framing"))
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
