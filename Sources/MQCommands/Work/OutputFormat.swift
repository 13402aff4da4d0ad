import MQCore

/// What `recv --format` prints for each message: text with `%` fields, in the manner of kcat.
struct OutputFormat: Sendable {
    /// The letters with their meaning, for help.
    static let fields: [(String, String)] = [
        ("%s", "body"), ("%S", "body length in bytes"), ("%x", "body in hexadecimal"), ("%b", "body in base64"),
        ("%j", "the message as JSON, as with -J"), ("%t", "address of the queue"),
        ("%Q", "name of the queue the message came from, where the address leads to several"),
        ("%n", "number of the message in this run, from 1"),
        ("%i", "id"), ("%p", "priority"), ("%y", "type"), ("%a", "attempts"), ("%g", "group"),
        ("%h{NAME}", "attribute NAME"), ("%T", "time the queue took the message, in milliseconds since 1970"),
        ("%D{FORMAT}", "the same time by strftime(3), %N being nanoseconds"), ("%%", "a percent sign"),
    ]

    private enum Piece: Sendable {
        case literal([UInt8])
        case field(UInt8, String)
    }

    private let pieces: [Piece]

    /// Whether anything but the body is printed, so that a transport has to fill in properties.
    let needsProperties: Bool

    /// C escapes are undone; nothing is added at the end, not even a newline.
    /// - Throws: `usage` for a field that does not exist.
    init(parsing text: String) throws(TransportError) {
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        var rest = try CEscapes.bytes(of: text)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                literal.append(byte)
                continue
            }
            guard let letter = rest.popFirst() else { throw TransportError(.usage, "--format ends in a lone %", hint: "write %% for one") }
            if letter == UInt8(ascii: "%") {
                literal.append(letter)
                continue
            }
            guard "sSxbjtQnipyaghTD".utf8.contains(letter) else {
                throw TransportError(
                    .usage, "--format has no field %\(Character(Unicode.Scalar(letter)))", hint: "mq recv --help lists them")
            }
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal.removeAll()
            pieces.append(.field(letter, try Self.argument(of: letter, &rest)))
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        self.pieces = pieces
        needsProperties = pieces.contains { piece in
            if case .field(let letter, _) = piece { !"sSxbtn".utf8.contains(letter) } else { false }
        }
    }

    /// Fields that print nothing because the transport has no such thing, as they are written.
    func emptyFields(of transport: Descriptor) -> [String] {
        var result: [String] = []
        for case .field(let letter, let argument) in pieces {
            let needed: Capabilities =
                switch letter {
                case UInt8(ascii: "T"), UInt8(ascii: "D"): .timestamps
                case UInt8(ascii: "h"): transport.receivedAttributes.contains(argument) ? [] : .attributes
                case UInt8(ascii: "p"): .priority
                case UInt8(ascii: "y"): .type
                case UInt8(ascii: "a"): .attempts
                case UInt8(ascii: "g"): .group
                default: []
                }
            let field = "%\(Character(Unicode.Scalar(letter)))" + (argument.isEmpty ? "" : "{\(argument.printable)}")
            if !transport.capabilities.contains(needed) && !result.contains(field) { result.append(field) }
        }
        return result
    }

    private static func argument(of letter: UInt8, _ rest: inout ArraySlice<UInt8>) throws(TransportError) -> String {
        guard letter == UInt8(ascii: "h") || letter == UInt8(ascii: "D") else { return "" }
        guard rest.first == UInt8(ascii: "{"), let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
            throw TransportError(.usage, "--format needs braces: %\(Character(Unicode.Scalar(letter))){…}")
        }
        let argument = String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
        rest = rest[(end + 1)...]
        return argument
    }

    /// Appends one message.
    func write(
        _ body: UnsafeRawBufferPointer, _ properties: MessageProperties, number: Int, queue: String, into result: inout [UInt8]
    ) {
        for piece in pieces {
            switch piece {
            case .literal(let bytes): result.append(contentsOf: bytes)
            case .field(UInt8(ascii: "s"), _): result.append(contentsOf: body)
            case .field(UInt8(ascii: "x"), _):
                Hex.append(body, to: &result)
            case .field(UInt8(ascii: "b"), _): Base64.encode(body, into: &result)
            case .field(UInt8(ascii: "j"), _):
                var json = JSONText()
                Envelope.encode(body, properties, into: &json)
                result.append(contentsOf: json.bytes)
            case .field(UInt8(ascii: "h"), let name):
                if let attribute = properties.attributes.first(where: { $0.name == name }) { result.append(contentsOf: attribute.value) }
            case .field(let letter, let argument):
                result.append(contentsOf: Self.text(letter, argument, body.count, properties, number, queue).utf8)
            }
        }
    }

    private static func text(
        _ letter: UInt8, _ argument: String, _ size: Int, _ properties: MessageProperties, _ number: Int, _ queue: String
    ) -> String {
        switch letter {
        case UInt8(ascii: "S"): "\(size)"
        case UInt8(ascii: "t"): queue
        case UInt8(ascii: "Q"): properties.queue ?? queue
        case UInt8(ascii: "n"): "\(number)"
        case UInt8(ascii: "i"): properties.id ?? ""
        case UInt8(ascii: "p"): properties.priority.map { "\($0)" } ?? ""
        case UInt8(ascii: "y"): properties.type.map { "\($0)" } ?? ""
        case UInt8(ascii: "a"): properties.attempts.map { "\($0)" } ?? ""
        case UInt8(ascii: "g"): properties.group ?? ""
        case UInt8(ascii: "T"): properties.timestamp.map { "\($0 / 1_000_000)" } ?? ""
        case UInt8(ascii: "D"): properties.timestamp.map { Timestamp.formatted($0, argument) } ?? ""
        default: ""
        }
    }
}
