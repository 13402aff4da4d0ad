import MQCore

/// The reply in what a command wrote.
struct ReplyReader {
    /// A command that writes more has failed.
    static let largest = 256 << 20

    /// How it is framed; `nil` takes all of it.
    let framing: Framing?

    /// - Throws: `malformed` when that is not one record.
    func read(_ written: [UInt8]) throws(TransportError) -> (body: [UInt8], frames: [Int]?) {
        if written.count >= Self.largest { throw TransportError(.malformed, "it wrote more than \(Quantity.size(Self.largest))") }
        guard let framing else { return (written, nil) }
        var batch = Batch(byteCapacity: written.count + 1)
        batch.prepareRefill(minimum: written.count).copyBytes(from: written)
        batch.refilled(written.count)
        var parser = RecordParser(framing == .jsonl ? .lines : framing)
        var count = 0
        var reply: (body: [UInt8], frames: [Int]?) = ([], nil)
        while true {
            try parser.frame(&batch, atEnd: true)
            if batch.isEmpty { break }
            for index in 0..<batch.count {
                count += 1
                reply.body = Array(batch.bytes(of: index))
            }
            guard parser.hasMore else { break }
            _ = batch.prepareRefill(minimum: 0)
        }
        guard count == 1 else { throw TransportError(.malformed, "it wrote \(Quantity.count(count, "record")) instead of one") }
        guard framing == .jsonl else { return reply }
        let line = reply.body
        let properties = try line.withUnsafeBytes { line in
            Result { () throws(TransportError) in try Envelope.decode(line, body: &reply.body) }
        }.get()
        if let frames = properties.frames, frames.isEmpty || frames.contains(where: { $0 < 0 }) || frames.reduce(0, &+) != reply.body.count
        {
            throw TransportError(.malformed, "its frames do not add up to the body's \(reply.body.count) bytes")
        }
        reply.frames = properties.frames
        return reply
    }
}
