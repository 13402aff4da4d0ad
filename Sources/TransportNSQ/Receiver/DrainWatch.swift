internal import MQCore

/// Decides when a channel is drained: by what nsqd says of its depth, never by a silence, which a busy nsqd has, too.
///
/// A value that is told the time and the answers. Two looks must find the channel empty with no message in between, since one on its way
/// from the queue to a consumer is counted nowhere for a moment.
struct DrainWatch {
    /// When to ask next.
    private(set) var due: UInt64
    /// When the last message or the last answer came.
    private var lastSign: UInt64
    private var lastMessage: UInt64
    /// When everything that was put back with a delay has been offered again.
    private var returning: UInt64 = 0
    private var emptyLooks = 0
    private var pause = Self.firstPause
    /// Whether there was an nsqd whose depth cannot be asked.
    private(set) var hasGuessed = false

    private static let firstPause: UInt64 = 1_000_000
    private static let lull: UInt64 = 20_000_000
    private static let longestPause: UInt64 = 250_000_000
    /// How long nothing must come from an nsqd that cannot be asked.
    static let blindWait = Duration.seconds(5)
    /// How late an nsqd may offer what was put back with a delay: it looks for new channels every 5 s, and through those that it knows ten
    /// times a second (nsqd/options.go: QueueScanRefreshInterval, QueueScanInterval).
    private static let lateness: UInt64 = 6_000_000_000
    /// How long an nsqd may keep silent, or say that there is something and not deliver it.
    static let patience = Duration.seconds(20)

    init(at now: UInt64) { (due, lastSign, lastMessage) = (now, now, now) }

    /// Messages were handed over.
    mutating func messagesCame(at now: UInt64) {
        (lastSign, lastMessage, emptyLooks, pause) = (now, now, 0, Self.firstPause)
        // While they come nobody need be asked.
        due = now + Self.lull
    }

    /// Messages were put back, to be offered again after `delay`.
    mutating func wentBack(for delay: Duration, at now: UInt64) {
        returning = max(returning, now + delay.nanoseconds + Self.lateness)
        emptyLooks = 0
    }

    /// - Parameter answers: of every nsqd, with how many of its messages are held here.
    /// - Returns: whether the channel is empty.
    /// - Throws: `tryAgain` when what is left will not come, `unreachable` when nobody can say.
    mutating func heard(_ answers: [(state: ChannelState, held: Int)], at now: UInt64) throws(TransportError) -> Bool {
        var (waiting, paused) = (0, 0)
        var (isSettled, isSilent) = (true, answers.isEmpty)
        for (state, held) in answers {
            switch state {
            case .missing: break
            case .holds(let figures):
                if figures.isPaused { paused += figures.waiting } else { waiting += figures.waiting }
                if let inFlight = figures.inFlight, inFlight != held { isSettled = false }
                // Others' may be away for hours.
                if figures.deferred > 0 && now < returning { isSettled = false }
            case .silent: isSilent = true
            case .unavailable:
                hasGuessed = true
                if now < max(lastMessage + Self.blindWait.nanoseconds, returning) { isSettled = false }
            }
        }
        if !isSilent && waiting == 0 && isSettled {
            if paused > 0 { throw Self.paused(paused) }
            emptyLooks += 1
            due = now + Self.firstPause
            return emptyLooks > 1
        }
        emptyLooks = 0
        if !isSilent && waiting == 0 { lastSign = now }
        if now > lastSign + Self.patience.nanoseconds {
            let period = Quantity.words(Self.patience)
            if isSilent {
                throw TransportError(.unreachable, "nsqd has not said for \(period) whether the channel is empty", isRetriable: true)
            }
            throw TransportError(
                .tryAgain, "\(Quantity.count(waiting, "message")) in the channel, and nsqd has delivered nothing for \(period)",
                isRetriable: true)
        }
        pause = min(max(pause * 2, Self.lull), Self.longestPause)
        due = now + pause
        return false
    }

    static func paused(_ count: Int) -> TransportError {
        TransportError(.tryAgain, "the channel is paused: \(Quantity.count(count, "message")) in it")
    }
}
