import MQCore
import Synchronization

/// One destination of a bridge as the thread of the intake sees it: what is to go there is put down, and what became of it is picked up.
///
/// What is between is done by a `BridgeCourier` on a thread of its own, so that a destination that is slow, full or gone keeps nobody else
/// waiting.
final class BridgeDestination: Sendable {
    struct Plan: Sendable {
        var retry: Duration?
        /// What it refuses for good has somewhere to go; otherwise a refusal ends the bridge, and the message goes back.
        var buriesRefused = false
        /// When it cannot go on, others take what it has.
        var hasOthers = false
        /// How long what was handed over may still be confirmed once the program is asked to stop.
        var grace = Duration.seconds(5)
    }

    /// How far the courier is to go.
    enum Order: Int, Comparable, Sendable {
        case carry
        /// Nothing more comes: what is there goes at once.
        case finish
        /// What was not handed over goes back; the rest may still be confirmed.
        case giveBack
        /// Everything has its verdict: the sender is closed.
        case close

        static func < (a: Order, b: Order) -> Bool { a.rawValue < b.rawValue }
    }

    /// What became of messages since the last look.
    struct News: Sendable {
        var verdicts: [Verdict] = []
        /// Messages for another destination.
        var returned: [BridgeLoad] = []
        /// Why nothing more goes here.
        var failure: TransportError?
        var remarks: [String] = []
        var isClosed = false

        var isEmpty: Bool { verdicts.isEmpty && returned.isEmpty && failure == nil && !isClosed }
    }

    struct Figures: Sendable {
        var forwarded = 0
        /// Handed over to the transport, which has not confirmed them.
        var unconfirmed = 0
        /// Sent again after a connection broke.
        var repeated = 0
        var reconnects = 0
        var isUp = false
        var words = "connecting"
    }

    private struct Desk {
        var load: BridgeLoad?
        var spare: BridgeLoad?
        var order = Order.carry
        /// Nobody knows when more comes: what is there is not held back for it.
        var hurries = false
        /// The courier waits for something new.
        var isIdle = false
        var news = News()
        var figures = Figures()

        /// Whether the courier has to be woken.
        mutating func takeIdle() -> Bool {
            defer { isIdle = false }
            return isIdle
        }
    }

    let address: ResolvedAddress
    let name: String
    /// Ends the wait in hand of the courier.
    let wake = StopFlag()
    /// Ends an attempt to connect.
    let leaving = StopFlag()
    private let turn: Turn
    private let desk = Mutex(Desk())

    init(_ address: ResolvedAddress, turn: Turn) {
        (self.address, self.turn) = (address, turn)
        name = address.address.short
    }

    // MARK: - For the intake

    /// Puts messages down.
    func add(_ batch: borrowing Batch, _ range: Range<Int>, at position: Int, change: ((inout MessageProperties) -> Void)? = nil) {
        let wakes = desk.withLock { desk in
            let load = desk.load ?? desk.spare ?? BridgeLoad()
            if desk.load == nil { (desk.load, desk.spare) = (load, nil) }
            let first = load.count
            load.append(batch, range, at: position)
            if let change { for index in first..<load.count { load.changeProperties(of: index, change) } }
            return desk.takeIdle()
        }
        if wakes { wake.raise() }
    }

    func order(_ order: Order) {
        let isUp = desk.withLock { desk in
            desk.order = max(desk.order, order)
            desk.isIdle = false
            return desk.figures.isUp
        }
        if order == .giveBack || (order == .close && !isUp) { leaving.raise() }
        wake.raise()
    }

    /// What lies there of a destination that does not go on.
    func takeLoad() -> BridgeLoad? {
        desk.withLock { desk in
            defer { desk.load = nil }
            return desk.load
        }
    }

    func hurry() {
        let wakes = desk.withLock { desk in
            guard desk.load?.isEmpty == false, !desk.hurries else { return false }
            desk.hurries = true
            return desk.takeIdle()
        }
        if wakes { wake.raise() }
    }

    func takeNews() -> News? {
        desk.withLock { desk in
            if desk.news.isEmpty { return nil }
            defer { desk.news = News() }
            return desk.news
        }
    }

    var figures: Figures { desk.withLock { $0.figures } }

    // MARK: - For the courier

    /// What the courier does next.
    struct Task {
        var order: Order
        var load: BridgeLoad?
        /// When what lies there goes, though it does not fill a request.
        var due = Deadline.never
    }

    /// How long what does not fill a request waits for more.
    private static let patience: UInt64 = 10_000_000

    /// - Parameters:
    ///   - takesLoad: whether more can be handed over now.
    ///   - size: how many messages fill a request.
    func next(takesLoad: Bool, size: Int) -> Task {
        desk.withLock { desk in
            var task = Task(order: desk.order)
            desk.isIdle = takesLoad
            guard takesLoad, let load = desk.load, !load.isEmpty else { return task }
            let goes = desk.order > .carry || desk.hurries || Deadline.now() >= load.since + Self.patience
            if load.count < size && !goes {
                task.due = Deadline(nanoseconds: load.since + Self.patience)
                return task
            }
            (task.load, desk.load) = (load, nil)
            let rest = load.count % size
            if rest > 0 && !goes {
                let next = desk.spare ?? BridgeLoad()
                desk.spare = nil
                load.moveLast(rest, to: next)
                desk.load = next
                task.due = Deadline(nanoseconds: next.since + Self.patience)
            }
            if desk.load == nil { desk.hurries = false }
            return task
        }
    }

    /// Takes back a load of which nothing is left.
    func recycle(_ load: BridgeLoad) {
        load.removeAll()
        desk.withLock { if $0.spare == nil { $0.spare = load } }
    }

    func report(_ news: News, _ figures: Figures) {
        let isNews = desk.withLock { desk in
            let isNews = !news.isEmpty || desk.figures.isUp != figures.isUp
            desk.figures = figures
            desk.news.verdicts += news.verdicts
            desk.news.returned += news.returned
            desk.news.remarks += news.remarks
            desk.news.failure = desk.news.failure ?? news.failure
            desk.news.isClosed = desk.news.isClosed || news.isClosed
            return isNews
        }
        if isNews { turn.end() }
    }
}

extension BridgeDestination {
    /// An error of it: the sentence begins with the source, and must not be taken for it.
    func named(_ error: TransportError, _ console: Console) -> TransportError {
        var error = console.remedies.worded(error, at: name)
        error.message = "destination \(name): \(error.message)"
        return error
    }
}
