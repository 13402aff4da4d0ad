import MQCore

/// What a word of the command line may be: the parser checks it, help and completion show it.
enum ValueKind: Sendable {
    /// Anything; the words are suggestions of the completion.
    case text([String] = [])
    /// Anything but nothing.
    case name
    case integer(ClosedRange<Int>)
    /// `10s`, `250ms`, `2m`.
    case duration(ClosedRange<Duration> = .zero ... .seconds(1 << 40))
    /// `10s`, or `forever`.
    case patience
    /// A number of bytes, at least one: `100M`.
    case size
    /// Per second: `100`, `2.5k`, `1M`, `100/s`.
    case rate
    case choice([String])
    case framing
    /// `key=value` of the address.
    case addressOption
    case address
    /// `posix-mq:`, or an address whose broker is asked.
    case scheme
    /// The name of a transport.
    case transport
    /// A message, or with `--framing files` the name of a file.
    case message
    /// The name of a verb.
    case verb
    case file
    case folder
    /// A program and its arguments.
    case command

    /// How help shows a value of this kind, unless the flag has a word of its own.
    var placeholder: String {
        switch self {
        case .text, .choice: "TEXT"
        case .name: "NAME"
        case .integer: "N"
        case .duration, .patience: "DURATION"
        case .size: "SIZE"
        case .rate: "RATE"
        case .framing: "FRAMING"
        case .addressOption: "KEY=VALUE"
        case .address: "ADDRESS"
        case .scheme: "SCHEME"
        case .transport: "TRANSPORT"
        case .message: "MESSAGE"
        case .verb: "VERB"
        case .file: "FILE"
        case .folder: "FOLDER"
        case .command: "COMMAND"
        }
    }

    /// The name of the kind, for programs.
    var word: String {
        switch self {
        case .text: "text"
        case .name: "name"
        case .integer: "integer"
        case .duration: "duration"
        case .patience: "duration-or-forever"
        case .size: "size"
        case .rate: "rate"
        case .choice: "choice"
        case .framing: "framing"
        case .addressOption: "address-option"
        case .address: "address"
        case .scheme: "scheme"
        case .transport: "transport"
        case .message: "message"
        case .verb: "verb"
        case .file: "file"
        case .folder: "folder"
        case .command: "command"
        }
    }

    /// - Parameter name: the flag as it was typed, or the operand.
    /// - Throws: `usage` with the name, and what is allowed.
    func check(_ text: String, _ name: String) throws(TransportError) {
        switch self {
        case .text, .address, .scheme, .transport, .message, .verb, .command, .addressOption: return
        case .name, .file, .folder:
            if text.isEmpty { throw TransportError(.usage, "\(name) is empty", hint: "it takes a \(placeholder)") }
        case .integer(let range):
            if let number = Quantity.integer(text), range.contains(number) { return }
            throw TransportError(.usage, "\(name) '\(text)' is not a whole number \(Self.words(range))")
        case .duration(let range):
            guard let duration = Quantity.duration(text) else {
                throw TransportError(.usage, "\(name) '\(text)' is not a duration", hint: "durations are written 10s, 250ms or 2m")
            }
            if duration < range.lowerBound {
                throw TransportError(.usage, "\(name) '\(text)' is too short", hint: "at least \(Quantity.words(range.lowerBound))")
            }
            if duration > range.upperBound {
                throw TransportError(.usage, "\(name) '\(text)' is too long", hint: "at most \(Quantity.words(range.upperBound))")
            }
        case .patience:
            if text == Self.forever || Quantity.duration(text) != nil { return }
            throw TransportError(
                .usage, "\(name) '\(text)' is not a duration", hint: "durations are written 10s, 250ms or 2m; forever has no end")
        case .size:
            if let size = Quantity.bytes(text), size > 0 { return }
            throw TransportError(.usage, "\(name) '\(text)' is not a size", hint: "sizes are written 512k, 100M or 1G")
        case .rate:
            if Quantity.rate(text) != nil { return }
            throw TransportError(.usage, "\(name) '\(text)' is not a rate", hint: "rates are messages per second: 100, 2.5k or 1M")
        case .choice(let words):
            if words.contains(text) { return }
            let near = Suggestion.nearest(to: text, in: words)
            throw TransportError(
                .usage, "\(name) '\(text)' is not one of \(words.joined(separator: ", "))", hint: near.map { "did you mean \($0)?" })
        case .framing:
            do throws(TransportError) {
                _ = try Framing(parsing: text)
            } catch {
                var error = error
                error.message = "\(name) \(error.message)"
                throw error
            }
        }
    }

    /// The word for a duration without an end.
    static let forever = "forever"

    private static func words(_ range: ClosedRange<Int>) -> String {
        range.upperBound == .max ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
    }
}
