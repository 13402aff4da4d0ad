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
    /// Where messages have frames in front, or consist of several records.
    private var assembly: FrameAssembly?
    /// The messages of the last call.
    private(set) var batch: Batch
    /// Where messages are more or less than records, the records from which `batch` was made, and where each message began.
    private var records = Batch(byteCapacity: 1 << 12)
    private var starts: [Int] = []
    /// Where the message began that is not complete.
    private var openStart = 0
    private var body: [UInt8] = []
    /// With `jsonl`, what the records hold beside messages.
    var unknownKeys = UnknownKeys()
    /// An error that came behind good records, thrown by the next call.
    private var pending: TransportError?
    /// With `jsonl`, the record that `pending` is about.
    private var badRecord: Int?
    private var atEnd = false
    /// Records read so far, the dropped ones included.
    private(set) var recordsBefore = 0

    private static let chunk = 1 << 18

    init(_ framing: Framing, assembly: FrameAssembly? = nil, limit: Int?, descriptor: CInt = STDIN_FILENO) {
        (self.descriptor, self.assembly) = (descriptor, assembly)
        isJSON = framing == .jsonl
        parser = RecordParser(isJSON ? .lines : framing, limit: isJSON ? nil : limit)
        batch = Batch(byteCapacity: Self.chunk + 4096)
    }

    /// Whether `batch` is made from `records`.
    private var isMade: Bool { isJSON || assembly != nil }

    /// The record in `batch` that was longer than the limit, if there is one; always the last.
    var oversize: RecordParser.Oversize? { isMade ? nil : parser.oversize }

    /// Where in the input the record begins.
    func position(of index: Int) -> Int {
        isMade ? starts[index] : parser.position(of: index, in: batch)
    }

    /// Notes where the messages of a range begin. What is the same for all is asked for once: this is on the path of every message.
    /// - Parameters:
    ///   - first: the number that the first message of `batch` has in the ledger.
    ///   - start: where in the input reading began.
    func note(_ numbers: Range<Int>, first: Int, start: Int, in ledger: inout Ledger) {
        guard !isMade, batch.count > 1 else { return ledger.note(numbers) { start + position(of: $0 - first) } }
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
    var endPosition: Int {
        if let assembly, assembly.taken > 0 { return openStart }
        return badRecord.map { parser.position(of: $0, in: records) } ?? parser.consumed
    }

    /// Where in the input it goes on behind a record that cannot be read, where that can be told; asked once that was thrown.
    var positionBehindMalformed: Int? {
        guard let badRecord else { return parser.positionBehindMalformed }
        return badRecord + 1 < records.count ? parser.position(of: badRecord + 1, in: records) : parser.consumed
    }

    /// Blocks until there is a record.
    /// - Throws: `inputOutput` when reading fails, `malformed` for a record that is none, after the records before it were returned.
    func next(stop: StopFlag) throws(TransportError) -> Status {
        recordsBefore += batch.count
        if let pending { throw pending }
        guard isMade else { return try fill(&batch, stop: stop) }
        batch.removeAll()
        starts.removeAll(keepingCapacity: true)
        while batch.isEmpty {
            let status = try fill(&records, stop: stop)
            if status == .ended, let error = assembly?.incompleteness { throw error }
            guard status == .records else { return status }
            if isJSON { decode() } else { assemble() }
            if batch.isEmpty, let pending { throw pending }
        }
        return .records
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

    private func assemble() {
        for index in 0..<records.count { add(records.bytes(of: index), nil, index) }
    }

    private func add(_ body: UnsafeRawBufferPointer, _ properties: MessageProperties?, _ index: Int) {
        let start = parser.position(of: index, in: records)
        if assembly != nil {
            if assembly!.taken == 0 { openStart = start }
            guard assembly!.add(body, properties, to: &batch) else { return }
        } else {
            batch.append(body)
            batch.setProperties(properties ?? MessageProperties())
        }
        starts.append(assembly == nil ? start : openStart)
    }

    private func decode() {
        for index in 0..<records.count {
            let line = records.bytes(of: index)
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) { continue }
            do throws(TransportError) {
                let properties = try Envelope.decode(line, body: &body) { key in
                    unknownKeys.note(key, of: "record \(recordsBefore + batch.count + 1)")
                }
                body.withUnsafeBytes { add($0, properties, index) }
            } catch {
                pending = error
                badRecord = index
                return
            }
        }
    }
}
