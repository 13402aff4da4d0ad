import Glibc
import MQCore

/// Writes received messages as records, in place where the framing allows it.
final class RecordWriter: MessageSink {
    private let presentation: Presentation
    private let output: any ByteSink
    private let queue: String
    /// On a terminal, control bytes are shown instead of sent.
    private let escapes: Bool
    /// With `--strict`, a terminator inside a body is an error.
    private let isStrict: Bool
    private let warn: (String) -> Void
    /// Messages may consist of frames, whose boundaries are lost in most framings.
    private let mayHaveFrames: Bool
    private let frames: FrameOutput?
    private var hasWarned = false
    private var encoded: [UInt8] = []
    /// Where each encoded record ends.
    private var ends: [Int] = []
    private var json = JSONText()
    private var number = 0

    init(
        _ presentation: Presentation, to output: any ByteSink, queue: String, raw: Bool, isStrict: Bool,
        mayHaveFrames: Bool = false, frames: FrameOutput? = nil, warn: @escaping (String) -> Void
    ) {
        self.presentation = presentation
        self.output = output
        self.queue = queue
        (self.isStrict, self.mayHaveFrames, self.frames) = (isStrict, mayHaveFrames, frames)
        self.warn = warn
        escapes = output.isTerminal && !raw
    }

    let hasReader = true

    /// Of a message whose frames are records there are copies.
    var gap: Batch.Gap { frames?.count == nil ? recordGap : Batch.Gap() }

    /// The gap around each record.
    var recordGap: Batch.Gap {
        if case .framed(let framing) = presentation, !escapes { framing.gap ?? Batch.Gap() } else { Batch.Gap() }
    }

    var needsProperties: Bool {
        switch presentation {
        case .framed(let framing): framing == .jsonl || mayHaveFrames
        case .format(let format): format.needsProperties || frames != nil
        }
    }

    struct Result {
        /// Messages written whole, from the front.
        var messages: Int
        var error: TransportError?
    }

    /// Writes `range`. A message of which only a part was written counts as not written.
    func write(_ batch: inout Batch, _ range: Range<Int>, stop: StopFlag) -> Result {
        let result = frames.map { write(&batch, range, as: $0, stop: stop) } ?? writeRecords(&batch, range, stop: stop)
        number += result.messages
        return result
    }

    /// Writes each message of `range` as a record.
    func writeRecords(_ batch: inout Batch, _ range: Range<Int>, stop: StopFlag) -> Result {
        var limit = range.upperBound
        var refusal: TransportError?
        if case .framed(let framing) = presentation {
            (limit, refusal) = check(batch, range, framing)
        }
        var result: Result
        if limit == range.upperBound, case .framed(let framing) = presentation, !escapes, framing.gap != nil {
            complete(&batch, framing, from: range.lowerBound)
            let written = output.write(batch.image(range), stop: stop)
            result = Result(
                messages: written.error == nil ? range.count : batch.messagesWithin(written.bytes, from: range.lowerBound),
                error: written.error)
        } else {
            result = writeEncoded(batch, range.lowerBound..<limit, stop: stop)
        }
        if result.error == nil { result.error = refusal }
        return result
    }

    /// Where the messages of `range` end that may be written, and why not more.
    private func check(_ batch: borrowing Batch, _ range: Range<Int>, _ framing: Framing) -> (Int, TransportError?) {
        if framing == .len32 {
            for index in range where batch.size(of: index) > Int(UInt32.max) {
                return (
                    index,
                    TransportError(
                        .unsendable, "\(Quantity.count(batch.size(of: index), "byte")) exceed what len32 can frame",
                        hint: "use -F netstring")
                )
            }
        }
        guard isStrict || !hasWarned, let (index, complaint) = lostBoundary(batch, range, framing) else { return (range.upperBound, nil) }
        // Records of the same message have no number of their own.
        let name = frames?.count == nil ? "message \(number(of: index, in: range))" : "a frame"
        let error = object(
            "\(name) \(complaint.what)", warning: "boundaries are lost in this framing, \(complaint.remedy) keeps them",
            hint: "\(complaint.remedy) keeps the boundaries")
        return (error == nil ? range.upperBound : index, error)
    }

    /// The number of a message in this run.
    func number(of index: Int, in range: Range<Int>) -> Int { number + index - range.lowerBound + 1 }

    /// Says once what cannot be read back as it was; with `--strict` that is an error.
    func object(_ sentence: String, warning: String? = nil, hint: String? = nil) -> TransportError? {
        if isStrict { return TransportError(.malformed, sentence, hint: hint) }
        if !hasWarned { warn(([sentence] + (warning.map { [$0] } ?? [])).joined(separator: ": ")) }
        hasWarned = true
        return nil
    }

    /// The first message of `range` that would not be read back as it is.
    private func lostBoundary(
        _ batch: borrowing Batch, _ range: Range<Int>, _ framing: Framing
    ) -> (index: Int, complaint: (what: String, remedy: String))? {
        let either = frames?.count == nil ? "-F len32 or -J" : "-F len32"
        if framing == .whole, let index = range.first(where: { number(of: $0, in: range) > 1 }) {
            return (index, ("follows another without anything between them", either))
        }
        let many = mayHaveFrames && batch.hasProperties && framing != .jsonl ? range.first { batch.properties(of: $0).frames != nil } : nil
        if let count = many.flatMap({ batch.properties(of: $0).frames?.count }) {
            return (many!, ("has \(Quantity.count(count, "frame"))", "--frames \(count) or -J"))
        }
        guard let terminator = framing.terminator, let index = batch.firstAmbiguous(terminator, in: range) else { return nil }
        let what = framing == .lines ? "a newline" : framing == .nul ? "a NUL" : "the delimiter"
        let isWhole = batch.firstContaining(terminator, in: index..<index + 1) != nil
        return (index, (isWhole ? "contains \(what)" : "ends with what \(what) begins with", either))
    }

    private func complete(_ batch: inout Batch, _ framing: Framing, from first: Int) {
        if let terminator = framing.terminator {
            batch.writeTerminators(terminator, from: first)
        } else if framing == .len32 {
            batch.writeLengths(from: first)
        }
    }

    private func writeEncoded(_ batch: borrowing Batch, _ range: Range<Int>, stop: StopFlag) -> Result {
        encoded.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        for index in range {
            encode(batch.bytes(of: index), batch.properties(of: index), number: number(of: index, in: range))
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
                Hex.append(byte, to: &encoded)
            }
        }
    }
}
