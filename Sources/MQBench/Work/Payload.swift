internal import MQCore

/// What stands behind the stamp: content decides what compression and page sharing make of it.
enum Payload {
    static let words = ["random", "zero", "seq"]

    /// A batch of `count` messages of `size` bytes; the stamps are written for each sending.
    static func batch(_ kind: String, size: Int, count: Int, seed: UInt64) throws(TransportError) -> Batch {
        var batch = Batch(byteCapacity: max(256, size * count))
        var random = SplitMix(state: seed)
        let file = words.contains(kind) ? [] : try LocalFile.contents(of: kind, limit: 1 << 30)
        if !words.contains(kind) && file.isEmpty { throw TransportError(.usage, "--payload \(kind): the file is empty") }
        var position = 0
        for _ in 0..<count {
            let place = UnsafeMutableBufferPointer(start: batch.reserve(size).assumingMemoryBound(to: UInt8.self), count: size)
            switch kind {
            case "random": for index in 0..<size { place[index] = UInt8(truncatingIfNeeded: random.next()) }
            case "zero": place.update(repeating: 0)
            case "seq": for index in 0..<size { place[index] = UInt8(truncatingIfNeeded: index) }
            default: for index in 0..<size { place[index] = file[(position + index) % file.count] }
            }
            position += size
            batch.commit(size)
        }
        return batch
    }
}
