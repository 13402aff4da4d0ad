import MQCore

/// Copies of messages on their way through a bridge, with the positions that they have at its source.
final class BridgeLoad: @unchecked Sendable {
    // Unchecked: it goes from thread to thread through a mutex, and whoever has taken it out is the only one to touch it.

    /// Messages from `index` on that follow one another at the source, too.
    private struct Run {
        var index: Int
        var position: Int
    }

    private(set) var batch = Batch()
    private var runs: [Run] = []
    /// The messages that are still its own; what is behind them was moved to another.
    private(set) var count = 0
    /// How many were handed over to the sender, from the front.
    var handed = 0
    /// What the first is called by those who tell what became of messages.
    var first = 0
    /// Messages below have their verdict, and so have those of `settledAhead`.
    private var settledBelow = 0
    private var settledAhead: Set<Int> = []
    /// When the first came, for those who wait for more.
    private(set) var since: UInt64 = 0

    var isEmpty: Bool { count == 0 }
    var isSettled: Bool { settledBelow + settledAhead.count >= count }
    var unhanded: Range<Int> { handed..<count }
    /// Messages that were handed over and have no verdict.
    var unconfirmed: Int { max(0, handed - settledBelow - settledAhead.count) }

    /// Takes copies of messages of another batch, the first of which is at `position`.
    func append(_ other: borrowing Batch, _ range: Range<Int>, at position: Int) {
        if range.isEmpty { return }
        if isEmpty { since = Deadline.now() }
        if isEmpty || self.position(of: count - 1) + 1 != position { runs.append(Run(index: count, position: position)) }
        batch.append(other, range)
        count += range.count
    }

    /// Takes one message with another body.
    func append(_ body: UnsafeRawBufferPointer, _ properties: MessageProperties?, at position: Int) {
        if isEmpty { since = Deadline.now() }
        if isEmpty || self.position(of: count - 1) + 1 != position { runs.append(Run(index: count, position: position)) }
        batch.append(body)
        if let properties { batch.setProperties(properties) }
        count += 1
    }

    /// Takes copies of messages of another load.
    func append(_ other: BridgeLoad, _ range: Range<Int>) {
        other.forEachRun(range) { indices, positions in append(other.batch, indices, at: positions.lowerBound) }
    }

    func changeProperties(of index: Int, _ change: (inout MessageProperties) -> Void) {
        var properties = batch.properties(of: index)
        change(&properties)
        batch.replaceProperties(of: index, with: properties)
    }

    /// Forgets what was not handed over.
    func dropUnhanded() { count = handed }

    func removeAll() {
        batch.removeAll()
        runs.removeAll(keepingCapacity: true)
        settledAhead.removeAll(keepingCapacity: true)
        (count, handed, first, settledBelow) = (0, 0, 0, 0)
    }

    /// Moves the last messages to another load.
    func moveLast(_ number: Int, to other: BridgeLoad) {
        other.append(self, count - number..<count)
        count -= number
    }

    // MARK: - Positions

    private func position(of index: Int) -> Int {
        let run = runs[place(of: index)]
        return run.position + index - run.index
    }

    /// The run that a message is in.
    private func place(of index: Int) -> Int {
        var (low, high) = (0, runs.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if runs[middle].index <= index { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// Calls `body` with the messages of `range`, run by run.
    func forEachRun(_ range: Range<Int>, _ body: (_ indices: Range<Int>, _ positions: Range<Int>) -> Void) {
        if range.isEmpty { return }
        var (place, next) = (place(of: range.lowerBound), range.lowerBound)
        while next < range.upperBound {
            let end = min(range.upperBound, place + 1 < runs.count ? runs[place + 1].index : count)
            let position = runs[place].position + next - runs[place].index
            body(next..<end, position..<position + end - next)
            (next, place) = (end, place + 1)
        }
    }

    // MARK: - Verdicts

    /// Notes that messages have their verdict: those that are done come in order, others at any time.
    func settle(_ indices: Range<Int>, isDone: Bool) {
        if isDone {
            settledBelow = indices.upperBound
            if !settledAhead.isEmpty { settledAhead = settledAhead.filter { $0 >= settledBelow } }
        } else {
            settledAhead.formUnion(indices)
        }
        while settledAhead.remove(settledBelow) != nil { settledBelow += 1 }
    }

    /// Calls `body` with what has no verdict, in runs.
    func forEachOpen(_ range: Range<Int>, _ body: (Range<Int>) -> Void) {
        if range.isEmpty { return }
        var start = max(range.lowerBound, settledBelow)
        for index in settledAhead.sorted() where index >= start && index < range.upperBound {
            if start < index { body(start..<index) }
            start = index + 1
        }
        if start < range.upperBound { body(start..<range.upperBound) }
    }
}
