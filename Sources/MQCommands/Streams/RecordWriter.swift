import Glibc
import MQCore

/// How messages look on standard output.
enum Presentation {
    case framed(Framing)
    case format(OutputFormat)
}

/// Writes received messages to standard output, in place where the framing allows it.
final class RecordWriter {
    private let presentation: Presentation
    private let output: OutputStream
    private let queue: String
    /// On a terminal, control bytes are shown instead of sent.
    private let escapes: Bool
    /// With `--strict`, a terminator inside a body is an error.
    private let isStrict: Bool
    private let warn: (String) -> Void
    private var hasWarned = false
    private var encoded: [UInt8] = []
    /// Where each encoded record ends.
    private var ends: [Int] = []
    private var json = JSONText()
    private var number = 0

    init(_ presentation: Presentation, to output: OutputStream, queue: String, raw: Bool, isStrict: Bool, warn: @escaping (String) -> Void)
    {
        self.presentation = presentation
        self.output = output
        self.queue = queue
        self.isStrict = isStrict
        self.warn = warn
        escapes = output.isTerminal && !raw
    }

    /// The gap that the batch must have.
    var gap: Batch.Gap {
        if case .framed(let framing) = presentation, !escapes { framing.gap ?? Batch.Gap() } else { Batch.Gap() }
    }

    var needsProperties: Bool {
        switch presentation {
        case .framed(let framing): framing == .jsonl
        case .format(let format): format.needsProperties
        }
    }

    struct Result {
        /// Messages written whole, from the front.
        var messages: Int
        var error: TransportError?
    }

    /// Writes the whole batch. A message of which only a part was written counts as not written.
    func write(_ batch: inout Batch, stop: StopFlag) -> Result {
        var limit = batch.count
        var refusal: TransportError?
        if case .framed(let framing) = presentation {
            (limit, refusal) = check(batch, framing)
        }
        var result: Result
        if limit == batch.count, case .framed(let framing) = presentation, !escapes, framing.gap != nil {
            complete(&batch, framing)
            let written = output.write(batch.image, stop: stop)
            result = Result(messages: written.error == nil ? batch.count : batch.messagesWithin(written.bytes), error: written.error)
        } else {
            result = writeEncoded(batch, 0..<limit, stop: stop)
        }
        number += result.messages
        if result.error == nil { result.error = refusal }
        return result
    }

    /// How many messages from the front may be written, and why not more.
    private func check(_ batch: borrowing Batch, _ framing: Framing) -> (Int, TransportError?) {
        if framing == .len32 {
            for index in 0..<batch.count where batch.size(of: index) > Int(UInt32.max) {
                return (
                    index,
                    TransportError(.unsendable, "\(batch.size(of: index)) bytes exceed what len32 can frame", hint: "use -F netstring")
                )
            }
        }
        guard let terminator = framing.terminator, isStrict || !hasWarned, let index = batch.firstContaining(terminator) else {
            return (batch.count, nil)
        }
        let what = framing == .lines ? "a newline" : framing == .nul ? "a NUL" : "the delimiter"
        if isStrict {
            return (
                index,
                TransportError(.malformed, "message \(number + index + 1) contains \(what)", hint: "-F len32 or -J keeps the boundaries")
            )
        }
        hasWarned = true
        warn("message \(number + index + 1) contains \(what): boundaries are lost in this framing, -F len32 or -J keeps them")
        return (batch.count, nil)
    }

    private func complete(_ batch: inout Batch, _ framing: Framing) {
        if let terminator = framing.terminator { batch.writeTerminators(terminator) } else if framing == .len32 { batch.writeLengths() }
    }

    private func writeEncoded(_ batch: borrowing Batch, _ range: Range<Int>, stop: StopFlag) -> Result {
        encoded.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        for index in range {
            encode(batch.bytes(of: index), batch.properties(of: index), number: number + index + 1)
            ends.append(encoded.count)
        }
        let written = encoded.withUnsafeBytes { output.write($0, stop: stop) }
        let whole = written.error == nil ? range.count : ends.prefix { $0 <= written.bytes }.count
        return Result(messages: whole, error: written.error)
    }

    private func encode(_ body: UnsafeRawBufferPointer, _ properties: MessageProperties, number: Int) {
        switch presentation {
        case .format(let format):
            let start = encoded.count
            format.write(body, properties, number: number, queue: queue, into: &encoded)
            if escapes { escapeTail(from: start) }
        case .framed(.jsonl):
            json.removeAll()
            Envelope.encode(body, properties, into: &json)
            encoded.append(contentsOf: json.bytes)
            encoded.append(0x0a)
        case .framed(.netstring):
            encoded.append(contentsOf: "\(body.count):".utf8)
            encoded.append(contentsOf: body)
            encoded.append(UInt8(ascii: ","))
        case .framed(let framing):
            if framing == .len32 {
                withUnsafeBytes(of: UInt32(truncatingIfNeeded: body.count).bigEndian) { encoded.append(contentsOf: $0) }
            }
            let start = encoded.count
            encoded.append(contentsOf: body)
            if escapes { escapeTail(from: start) }
            encoded.append(contentsOf: framing.terminator ?? [])
        }
    }

    /// Replaces control bytes, and bytes that are no UTF-8, by `\xHH`; a tab and a newline do no harm.
    private func escapeTail(from start: Int) {
        let tail = Array(encoded[start...])
        let isText = tail.withUnsafeBytes { JSONReader.isUTF8($0) }
        encoded.removeSubrange(start...)
        for (index, byte) in tail.enumerated() {
            let isC1 = isText && index > 0 && tail[index - 1] == 0xc2 && (0x80..<0xa0).contains(byte)
            if byte == 0x09 || byte == 0x0a || (0x20..<0x7f).contains(byte) || (byte >= 0x80 && isText && !isC1) {
                encoded.append(byte)
            } else {
                if isC1 { encoded.removeLast() }
                encoded.append(contentsOf: "\\x".utf8)
                encoded.append(contentsOf: (byte < 16 ? "0" : "").utf8)
                encoded.append(contentsOf: String(byte, radix: 16).utf8)
            }
        }
    }
}
