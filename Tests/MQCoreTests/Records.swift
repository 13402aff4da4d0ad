@testable import MQCore

/// A stream of records as `RecordParser` reads it from pieces, with everything it says about each.
struct Records: Equatable {
    struct Oversize: Equatable {
        /// Among all records of the stream.
        var index: Int
        var size: Int
    }

    var bodies: [[UInt8]] = []
    var positions: [Int] = []
    var oversizes: [Oversize] = []
    var error: String?
    /// The largest the batch ever was.
    var capacity = 0

    static func == (left: Records, right: Records) -> Bool {
        left.bodies == right.bodies && left.positions == right.positions && left.oversizes == right.oversizes && left.error == right.error
    }

    init(_ framing: Framing, _ pieces: [[UInt8]], limit: Int? = nil) {
        var parser = RecordParser(framing, limit: limit)
        var batch = Batch(byteCapacity: 256)
        do {
            for piece in pieces { try add(piece, to: &batch, &parser, atEnd: false) }
            try add([], to: &batch, &parser, atEnd: true)
        } catch {
            take(batch, parser)
            self.error = (error as? TransportError)?.message ?? "\(error)"
        }
    }

    init(_ framing: Framing, _ bytes: [UInt8], limit: Int? = nil) { self.init(framing, [bytes], limit: limit) }

    /// The protocol between the parser and whoever reads.
    private mutating func add(_ bytes: [UInt8], to batch: inout Batch, _ parser: inout RecordParser, atEnd: Bool) throws {
        batch.prepareRefill(minimum: bytes.count).copyBytes(from: bytes)
        batch.refilled(bytes.count)
        while true {
            try parser.frame(&batch, atEnd: atEnd)
            take(batch, parser)
            guard parser.hasMore else { return }
            _ = batch.prepareRefill(minimum: 0)
        }
    }

    private mutating func take(_ batch: borrowing Batch, _ parser: RecordParser) {
        if let oversize = parser.oversize { oversizes.append(Oversize(index: bodies.count + oversize.index, size: oversize.size)) }
        for index in 0..<batch.count {
            bodies.append(Array(batch.bytes(of: index)))
            positions.append(parser.position(of: index, in: batch))
        }
        capacity = max(capacity, batch.capacity)
    }
}

extension Framing {
    /// Framings in which several records stand behind each other.
    static let streams: [Framing] = [
        .lines, .nul, .delimiter("aab".bytes), .delimiter("\r\n".bytes), .delimiter("aaa".bytes), .len32, .netstring,
    ]

    /// The bytes of the records; written independently of the program.
    func encoded(_ bodies: [[UInt8]]) -> [UInt8] {
        bodies.flatMap { body in
            switch self {
            case .len32: return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: body.count >> $0) } + body
            case .netstring: return "\(body.count):".bytes + body + ",".bytes
            default: return body + (terminator ?? [])
            }
        }
    }

    /// Whether a body can stand in this framing and come back.
    func carries(_ body: [UInt8]) -> Bool {
        guard let terminator else { return true }
        // A body that ends in the beginning of the terminator may make one appear too early.
        let text = body + terminator
        let first = text.indices.first { text[$0...].starts(with: terminator) }
        return first == body.count
    }
}
