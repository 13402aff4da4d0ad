import Glibc
import MQCore

/// Standard input as batches of messages.
final class RecordReader {
    enum Status {
        /// `batch` holds at least one message.
        case records
        case ended
        case stopped
    }

    private let descriptor: CInt
    private var parser: RecordParser
    private let isJSON: Bool
    /// The messages of the last call.
    private(set) var batch: Batch
    /// With `jsonl`, the lines from which `batch` was decoded, and which line each message came from.
    private var lines = Batch(byteCapacity: 1 << 12)
    private var lineOfMessage: [Int] = []
    private var body: [UInt8] = []
    /// With `jsonl`, what the records hold beside messages.
    var unknownKeys = UnknownKeys()
    /// An error that came behind good records, thrown by the next call.
    private var pending: TransportError?
    /// With `jsonl`, the line that `pending` is about.
    private var badLine: Int?
    private var atEnd = false
    /// Records read so far, the dropped ones included.
    private(set) var recordsBefore = 0

    private static let chunk = 1 << 18

    init(_ framing: Framing, limit: Int?, descriptor: CInt = STDIN_FILENO) {
        self.descriptor = descriptor
        isJSON = framing == .jsonl
        parser = RecordParser(isJSON ? .lines : framing, limit: isJSON ? nil : limit)
        batch = Batch(byteCapacity: Self.chunk + 4096)
    }

    /// The record in `batch` that was longer than the limit, if there is one; always the last.
    var oversize: RecordParser.Oversize? { isJSON ? nil : parser.oversize }

    /// Where in the input the record begins.
    func position(of index: Int) -> Int {
        isJSON ? parser.position(of: lineOfMessage[index], in: lines) : parser.position(of: index, in: batch)
    }

    /// Notes where the messages of a range begin. What is the same for all is asked for once: this is on the path of every message.
    /// - Parameters:
    ///   - first: the number that the first message of `batch` has in the ledger.
    ///   - start: where in the input reading began.
    func note(_ numbers: Range<Int>, first: Int, start: Int, in ledger: inout Ledger) {
        guard !isJSON, batch.count > 1 else { return ledger.note(numbers) { start + position(of: $0 - first) } }
        Self.note(numbers, first, start + parser.position(of: 0, in: batch), start + parser.position(of: 1, in: batch), batch, in: &ledger)
    }

    private static func note(
        _ numbers: Range<Int>, _ first: Int, _ position: Int, _ second: Int, _ batch: borrowing Batch, in ledger: inout Ledger
    ) {
        let distance = second - batch.offset(of: 0) - batch.size(of: 0)
        ledger.note(numbers) { number in
            let before = number - first - 1
            return before < 0 ? position : distance + batch.offset(of: before) + batch.size(of: before)
        }
    }

    /// Where in the input the first byte behind all records of `batch` stands.
    var endPosition: Int { badLine.map { parser.position(of: $0, in: lines) } ?? parser.consumed }

    /// Where in the input it goes on behind a record that cannot be read, where that can be told; asked once that was thrown.
    var positionBehindMalformed: Int? {
        guard let badLine else { return parser.positionBehindMalformed }
        return badLine + 1 < lines.count ? parser.position(of: badLine + 1, in: lines) : parser.consumed
    }

    /// Blocks until there is a record.
    /// - Throws: `inputOutput` when reading fails, `malformed` for a record that is none, after the records before it were returned.
    func next(stop: StopFlag) throws(TransportError) -> Status {
        recordsBefore += batch.count
        if let pending { throw pending }
        if isJSON {
            batch.removeAll()
            while batch.isEmpty {
                let status = try fill(&lines, stop: stop)
                guard case .records = status else { return status }
                decodeLines()
                if batch.isEmpty, let pending { throw pending }
            }
            return .records
        }
        return try fill(&batch, stop: stop)
    }

    private func fill(_ batch: inout Batch, stop: StopFlag) throws(TransportError) -> Status {
        while true {
            if parser.hasMore {
                _ = batch.prepareRefill(minimum: 0)
            } else {
                if atEnd { return ended(&batch) }
                let room = batch.prepareRefill(minimum: Self.chunk)
                guard let count = try read(into: room, stop: stop) else { return .stopped }
                batch.refilled(count)
                atEnd = count == 0
            }
            do throws(TransportError) {
                try parser.frame(&batch, atEnd: atEnd)
            } catch {
                if batch.isEmpty { throw error }
                pending = error
            }
            if !batch.isEmpty { return .records }
        }
    }

    private func ended(_ batch: inout Batch) -> Status {
        _ = batch.prepareRefill(minimum: 0)
        return .ended
    }

    /// Reads once; 0 is the end of input, `nil` a raised flag.
    private func read(into room: UnsafeMutableRawBufferPointer, stop: StopFlag) throws(TransportError) -> Int? {
        while true {
            guard case .ready = Readiness.wait(for: POLLIN, on: descriptor, until: .never, stop: stop) else { return nil }
            let count = Glibc.read(descriptor, room.baseAddress, room.count)
            if count >= 0 { return count }
            switch errno {
            case EINTR, EAGAIN: continue
            case EBADF: throw TransportError(.inputOutput, "standard input is closed", errno: EBADF)
            case let number: throw TransportError(.inputOutput, "standard input: \(SystemError.words(number))", errno: number)
            }
        }
    }

    private func decodeLines() {
        lineOfMessage.removeAll(keepingCapacity: true)
        for index in 0..<lines.count {
            let line = lines.bytes(of: index)
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) { continue }
            do throws(TransportError) {
                let properties = try Envelope.decode(line, body: &body) { key in
                    unknownKeys.note(key, of: "record \(recordsBefore + batch.count + 1)")
                }
                batch.append(body)
                batch.setProperties(properties)
                lineOfMessage.append(index)
            } catch {
                pending = error
                badLine = index
                return
            }
        }
    }
}
