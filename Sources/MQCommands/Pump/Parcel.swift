import MQCore

/// Messages that were received one after the other, with their bytes, until each has its verdict.
final class Parcel {
    var batch: Batch
    /// The position of the first message.
    private(set) var first = 0
    /// How many were begun and have no verdict.
    private(set) var open = 0
    /// Those begun last, as long as none of them has a verdict; and of those before, which are under way.
    private var latest = 0..<0
    private var isOpen: [Bool] = []
    /// What keeps the bytes in place when the batch grows.
    private var loans: [UnsafeMutableRawPointer] = []

    init(gap: Batch.Gap, wantsProperties: Bool) {
        batch = Batch(gap: gap)
        batch.wantsProperties = wantsProperties
    }

    /// One message of another parcel, with a copy of its bytes: it is tried again here, and the other can be used anew.
    /// - Parameter attempts: how often it was tried.
    init(keeping other: Parcel, _ index: Int, attempts: Int) {
        let gap = other.batch.gap
        batch = Batch(gap: gap, byteCapacity: other.batch.size(of: index) + gap.before + gap.after + Batch.reserveBefore)
        batch.wantsProperties = true
        first = other.first + index
        batch.append(other.batch.bytes(of: index))
        var properties = other.batch.properties(of: index)
        properties.attempts = attempts
        batch.setProperties(properties)
    }

    deinit { giveBack() }

    var positions: Range<Int> { first..<first + batch.count }

    /// The index in the batch of a position.
    func index(of position: Int) -> Int { position - first }

    /// Empties it for messages from a position on.
    func restart(at position: Int) {
        precondition(open == 0)
        giveBack()
        batch.removeAll()
        isOpen.removeAll(keepingCapacity: true)
        latest = 0..<0
        first = position
    }

    private func giveBack() {
        for loan in loans { Batch.giveBack(loan) }
        loans.removeAll(keepingCapacity: true)
    }

    /// Notes that messages were begun, behind all before.
    func begin(_ indices: Range<Int>) {
        spread()
        latest = indices
        open += indices.count
    }

    /// Notes that messages have their verdict. Mostly those that were begun last, all of them at once.
    func close(_ indices: Range<Int>) {
        open -= indices.count
        if indices == latest {
            latest = indices.upperBound..<indices.upperBound
            return
        }
        spread()
        for index in indices {
            precondition(isOpen[index], "a verdict for a message that was not begun or had one")
            isOpen[index] = false
        }
    }

    private func spread() {
        if latest.isEmpty { return }
        isOpen.append(contentsOf: repeatElement(false, count: latest.lowerBound - isOpen.count))
        isOpen.append(contentsOf: repeatElement(true, count: latest.count))
        latest = latest.upperBound..<latest.upperBound
    }

    /// Keeps what is under way where it is while more is appended.
    func keepInPlace() {
        let loan = batch.lend(1)
        if loans.last == loan { Batch.giveBack(loan) } else { loans.append(loan) }
    }

    /// The messages that are under way, in runs.
    var openRuns: [Range<Int>] {
        spread()
        var result: [Range<Int>] = []
        for index in isOpen.indices where isOpen[index] {
            if let last = result.last, last.upperBound == index {
                result[result.count - 1] = last.lowerBound..<index + 1
            } else {
                result.append(index..<index + 1)
            }
        }
        return result
    }
}
