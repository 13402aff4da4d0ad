import MQCore
import Synchronization

/// The command that filters or maps the messages of a bridge, as the thread of the intake sees it.
final class BridgeSieve: Sendable {
    struct Plan: Sendable {
        var command: [String]
        var framing = Framing.len32
        /// An answer is the new body; otherwise an empty answer says that the message goes nowhere.
        var maps = false
        /// What the command cannot be given has somewhere to go.
        var buriesRefused = false
        /// How long answers are waited for once the program is asked to stop.
        var grace = Duration.seconds(5)
    }

    struct News: Sendable {
        var kept: [BridgeLoad] = []
        var filtered: [Range<Int>] = []
        var verdicts: [Verdict] = []
        var failure: TransportError?

        var isEmpty: Bool { kept.isEmpty && filtered.isEmpty && verdicts.isEmpty && failure == nil }
    }

    private struct Desk {
        var load: BridgeLoad?
        var order = BridgeDestination.Order.carry
        var isIdle = false
        var news = News()
    }

    let plan: Plan
    let wake = StopFlag()
    private let turn: Turn
    private let desk = Mutex(Desk())

    var needsProperties: Bool { plan.framing == .jsonl }

    init(_ plan: Plan, turn: Turn) { (self.plan, self.turn) = (plan, turn) }

    // MARK: - For the intake

    func add(_ batch: borrowing Batch, _ range: Range<Int>, at position: Int) {
        let wakes = desk.withLock { desk in
            let load = desk.load ?? BridgeLoad()
            desk.load = load
            load.append(batch, range, at: position)
            defer { desk.isIdle = false }
            return desk.isIdle
        }
        if wakes { wake.raise() }
    }

    func giveBack() { order(.giveBack) }
    func end() { order(.close) }

    private func order(_ order: BridgeDestination.Order) {
        desk.withLock { $0.order = max($0.order, order) }
        wake.raise()
    }

    func takeNews() -> News? {
        desk.withLock { desk in
            if desk.news.isEmpty { return nil }
            defer { desk.news = News() }
            return desk.news
        }
    }

    // MARK: - For the companion

    func next() -> (order: BridgeDestination.Order, load: BridgeLoad?) {
        desk.withLock { desk in
            desk.isIdle = true
            defer { desk.load = nil }
            return (desk.order, desk.load)
        }
    }

    func report(_ news: News) {
        if news.isEmpty { return }
        desk.withLock { desk in
            desk.news.kept += news.kept
            desk.news.filtered += news.filtered
            desk.news.verdicts += news.verdicts
            desk.news.failure = desk.news.failure ?? news.failure
        }
        turn.end()
    }
}
