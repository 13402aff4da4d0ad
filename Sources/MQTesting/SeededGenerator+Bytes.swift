public import MQStandIns

extension SeededGenerator {
    /// Up to `limit` bytes out of `alphabet`, short ones more often than long ones.
    public mutating func bytes(upTo limit: Int, of alphabet: [UInt8]? = nil) -> [UInt8] {
        let count = Int.random(in: 0...Int.random(in: 0...limit, using: &self), using: &self)
        return (0..<count).map { _ in alphabet?.randomElement(using: &self) ?? UInt8.random(in: 0...255, using: &self) }
    }

    /// `bytes` in pieces of random sizes.
    public mutating func pieces(_ bytes: [UInt8], upTo limit: Int) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let size = Int.random(in: 1...limit, using: &self)
            result.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return result
    }
}
