import MQCore

/// The destinations of a bridge, and how much each of them has to do.
struct BridgeFan {
    /// How many go to a destination at a time, where several share.
    private static let portion = 10

    let destinations: [BridgeDestination]
    /// Every message goes to all of them; otherwise to one.
    let copies: Bool
    /// Messages of each that have no verdict.
    private var carried: [Int]
    private var hasFailed: [Bool]

    init(_ destinations: [BridgeDestination], copies: Bool) {
        (self.destinations, self.copies) = (destinations, copies)
        carried = destinations.map { _ in 0 }
        hasFailed = destinations.map { _ in false }
    }

    /// Whether some destination still takes messages.
    var goesOn: Bool { hasFailed.contains(false) }
    /// Whether one of these is there.
    var isReachable: Bool { destinations.indices.contains { !hasFailed[$0] && destinations[$0].figures.isUp } }

    /// How many more messages may be under way.
    func room(_ window: Int, open: Int) -> Int {
        let isUp = destinations.map { $0.figures.isUp }
        if copies || destinations.count == 1 { return isUp.contains(false) ? 0 : max(0, window - open) }
        let each = max(1, window / destinations.count)
        return destinations.indices.reduce(0) { $0 + (isUp[$1] && !hasFailed[$1] ? max(0, each - carried[$1]) : 0) }
    }

    /// The destination with the least to do of those that go on, and how many of so many messages it is to get.
    func choose(_ count: Int) -> (index: Int, most: Int) {
        if destinations.count == 1 { return (0, count) }
        let alive = destinations.indices.filter { !hasFailed[$0] }
        let up = alive.filter { destinations[$0].figures.isUp }
        let able = up.isEmpty ? alive : up
        let index = able.min { carried[$0] < carried[$1] } ?? 0
        let each = max(Self.portion, (count / max(1, able.count) + Self.portion - 1) / Self.portion * Self.portion)
        return (index, each)
    }

    mutating func add(_ count: Int, to index: Int) { carried[index] += count }
    mutating func remove(_ count: Int, from index: Int) { carried[index] -= count }
    mutating func fail(_ index: Int) { hasFailed[index] = true }

    func order(_ order: BridgeDestination.Order) { for destination in destinations { destination.order(order) } }

    /// Waits until all that go on have closed.
    /// - Throws: what did not leave the process.
    func close(_ turn: Turn, stop: StopFlag, console: Console) throws(TransportError) {
        order(.close)
        var (isClosed, failure) = (hasFailed, TransportError?.none)
        while isClosed.contains(false) {
            turn.begin()
            if stop.isRaised { for destination in destinations { destination.leaving.raise() } }
            var isNews = false
            for index in destinations.indices where !isClosed[index] {
                guard let news = destinations[index].takeNews() else { continue }
                isNews = true
                for remark in news.remarks { console.warn(remark) }
                failure = failure ?? news.failure
                isClosed[index] = news.isClosed || news.failure != nil
            }
            if !isNews { _ = Readiness.wait(for: 0, on: -1, until: .never, stop: turn.flag) }
        }
        if let failure { throw failure }
    }
}
