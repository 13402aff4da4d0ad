import Glibc
import MQCore

/// Neighbouring messages of one chunk with the same history.
struct MemorySegment: Sendable {
    var chunk: MemoryChunk
    var range: Range<Int>
    /// How often these were delivered already.
    var attempts = 0

    var bytes: Int { chunk.bytes(range) }

    /// Cuts off and returns the first `count` messages.
    mutating func split(_ count: Int) -> MemorySegment {
        var head = self
        head.range = range.lowerBound..<(range.lowerBound + count)
        range = head.range.upperBound..<range.upperBound
        return head
    }
}
