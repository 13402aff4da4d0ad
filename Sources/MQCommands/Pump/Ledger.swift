/// Where in the input the messages begin that are not confirmed yet, so that a broken stream can say where to resume.
///
/// Stays empty with a transport that confirms at once. Of very many it keeps every second, then every fourth, and so on: what it
/// names is the message itself or one a little before, so that resuming there may send a few again and leaves none out.
struct Ledger {
    static let capacity = 1 << 17

    /// Byte offsets of `first`, `first + stride`, …
    private var offsets: [Int] = []
    private var head = 0
    private var first = 0
    private var stride = 1

    /// Notes messages that are handed over; they follow those noted before. `offset` tells where one of them begins.
    mutating func note(_ positions: Range<Int>, offset: (_ position: Int) -> Int) {
        if offsets.isEmpty { (first, stride) = (positions.lowerBound, 1) }
        var next = first + (offsets.count - head) * stride
        // Nearly always each is kept, and all of them fit.
        if stride == 1, next < positions.upperBound, offsets.count - head + positions.upperBound - next <= Self.capacity {
            let place = offsets.count
            offsets.append(contentsOf: repeatElement(0, count: positions.upperBound - next))
            return offsets.withUnsafeMutableBufferPointer { all in
                for number in next..<positions.upperBound { all[place + number - next] = offset(number) }
            }
        }
        while next < positions.upperBound {
            offsets.append(offset(next))
            if offsets.count - head > Self.capacity { thin() }
            next = first + (offsets.count - head) * stride
        }
    }

    private mutating func thin() {
        offsets = Swift.stride(from: head, to: offsets.count, by: 2).map { offsets[$0] }
        (head, stride) = (0, stride * 2)
    }

    /// Forgets what is before `position`, as far as it is not needed to name that.
    mutating func forget(before position: Int) {
        let passed = min((position - first) / stride, offsets.count - 1 - head)
        guard passed > 0 else { return }
        head += passed
        first += passed * stride
        guard head >= max(1024, offsets.count - head) else { return }
        offsets.removeFirst(head)
        head = 0
    }

    mutating func removeAll() {
        offsets.removeAll(keepingCapacity: true)
        head = 0
    }

    var isEmpty: Bool { offsets.isEmpty }

    /// The message at `position` or the nearest before it that is noted, with its place in the input.
    func place(of position: Int) -> (position: Int, offset: Int)? {
        guard !offsets.isEmpty, position >= first else { return nil }
        let index = min((position - first) / stride, offsets.count - 1 - head)
        return (first + index * stride, offsets[head + index])
    }
}
