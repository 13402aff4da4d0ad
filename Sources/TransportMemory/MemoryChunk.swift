import Glibc
import MQCore

/// Messages that were sent together: one copy of the sender's bytes, or those bytes themselves, lent, when they are many. Queue,
/// receivers and peekers share it.
///
/// Sendable: everything is written in `init` and only read afterwards, until the last owner frees it.
final class MemoryChunk: Sendable {
    nonisolated(unsafe) private let image: UnsafeMutableRawPointer
    /// What the image is given back with, when it is lent.
    nonisolated(unsafe) private let loan: UnsafeMutableRawPointer?
    /// Where each body starts, and one more: the length of the image. Differences are what `bytes` counts.
    nonisolated(unsafe) private let starts: UnsafeMutablePointer<Int>
    nonisolated(unsafe) private let sizes: UnsafeMutablePointer<Int>
    let count: Int
    /// Empty unless a message carries something.
    let properties: [MessageProperties]
    /// Nanoseconds since 1970.
    let acceptedAt: Int64

    /// Takes `range`, everything between its bodies included: one copy of a whole region is cheaper than many small ones.
    init(_ batch: borrowing Batch, _ range: Range<Int>, defaults: MessageProperties) {
        count = range.count
        starts = .allocate(capacity: count * 2 + 1)
        sizes = starts + count + 1
        let first = batch.offset(of: range.lowerBound)
        let last = range.upperBound - 1
        let length = batch.offset(of: last) + batch.size(of: last) - first
        for (place, index) in range.enumerated() {
            starts[place] = batch.offset(of: index) - first
            sizes[place] = batch.size(of: index)
        }
        starts[count] = length
        if batch.isWorthLending {
            image = batch.start(of: range.lowerBound)
            loan = batch.lend(1)
        } else {
            image = .allocate(byteCount: max(length, 1), alignment: 16)
            image.copyMemory(from: batch.start(of: range.lowerBound), byteCount: length)
            loan = nil
        }
        if batch.hasProperties || defaults != MessageProperties() {
            var list: [MessageProperties] = []
            for index in range { list.append(batch.properties(of: index).filled(from: defaults)) }
            properties = list
        } else {
            properties = []
        }
        acceptedAt = WallClock.now()
    }

    deinit {
        if let loan { Batch.giveBack(loan) } else { image.deallocate() }
        starts.deallocate()
    }

    func body(_ index: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: image + starts[index], count: sizes[index])
    }

    /// Appends a body, in place where the batch takes loans and it is worth it.
    func append(_ index: Int, to batch: inout Batch) {
        let body = body(index)
        guard batch.takesLoans && body.count >= Batch.worthLending else { return batch.append(UnsafeRawBufferPointer(body)) }
        batch.reserveLoan().storeBytes(of: Unmanaged.passRetained(self), as: Unmanaged<MemoryChunk>.self)
        batch.commitLoan(body.baseAddress!, body.count) { slot in
            slot!.load(as: Unmanaged<MemoryChunk>.self).release()
            return 0
        }
    }

    /// Bytes of the image that `range` accounts for; sums up over adjoining ranges.
    func bytes(_ range: Range<Int>) -> Int { starts[range.upperBound] - starts[range.lowerBound] }

    /// The largest end such that `from..<end` is within `limit` bytes; at least one message, since one always passes.
    func end(from: Int, to: Int, byteLimit limit: Int) -> Int {
        if starts[to] - starts[from] <= limit { return to }
        var (low, high) = (from + 1, to)
        while low < high {
            let middle = (low + high + 1) / 2
            if starts[middle] - starts[from] <= limit { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
