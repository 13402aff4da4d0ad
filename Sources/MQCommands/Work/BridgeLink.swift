import Glibc
import MQCore

/// How one side of a bridge is connected, since when, and what is said of it.
struct BridgeLink {
    /// What went wrong again is said no more often.
    private static let silence: UInt64 = 30_000_000_000
    private static let longestPause = 5.0

    /// "source nsq:jobs", "destination sqs:jobs".
    let side: String
    /// How long it is tried when it fails; `nil` is without end.
    let retry: Duration?
    private(set) var isUp = false
    /// Connections that were made again.
    private(set) var reconnects = 0
    private var wasUp = false
    private var troubleSince: UInt64?
    private var troubleTime: Int64 = 0
    private var lastSaid: (text: String, time: UInt64)?
    private var pause = 0.05
    private(set) var nextTry = Deadline.immediately

    init(side: String, retry: Duration?) { (self.side, self.retry) = (side, retry) }

    /// What to say when a connection stands: nothing the first time, when nothing went wrong before.
    mutating func connected() -> String? {
        isUp = true
        if wasUp { reconnects += 1 }
        defer { (wasUp, troubleSince, lastSaid) = (true, nil, nil) }
        guard let troubleSince else { return nil }
        let time = Quantity.words(.nanoseconds(Int64(Deadline.now() - troubleSince)))
        return "\(side): connected\(wasUp ? " again" : "") after \(time)"
    }

    /// It does what it is there for; that it could be connected proves nothing.
    mutating func proved() { pause = 0.05 }

    /// A try failed, or a connection broke. The next try is due at `nextTry`.
    /// - Returns: what to say, when it is news.
    mutating func failed(_ error: TransportError) -> String? {
        isUp = false
        let now = Deadline.now()
        if troubleSince == nil { (troubleSince, troubleTime) = (now, WallClock.now()) }
        let wait = pause * Double.random(in: 0.5...1)
        pause = min(pause * 2, Self.longestPause)
        nextTry = .after(.nanoseconds(Int64(wait * 1e9)))
        if let lastSaid, lastSaid.text == error.message, now - lastSaid.time < Self.silence { return nil }
        lastSaid = (error.message, now)
        return "\(side): \(words): \(error.message); next try in \(Quantity.words(.nanoseconds(Int64(wait * 1e9))))"
    }

    /// Its state: never connected is one of its own.
    var words: String {
        if isUp { return "connected" }
        guard troubleSince != nil else { return "connecting" }
        return "\(wasUp ? "disconnected" : "never connected") since \(Self.clock(troubleTime))"
    }

    /// Whether to try again after `error`.
    func hasHope(after error: TransportError) -> Bool {
        let mayHeal = error.isRetriable || [.unreachable, .tryAgain].contains(error.code) || (retry != nil && error.code == .noSuchQueue)
        guard mayHeal else { return false }
        guard let retry else { return true }
        return Deadline.now() - (troubleSince ?? Deadline.now()) < retry.nanoseconds && retry > .zero
    }

    private static func clock(_ time: Int64) -> String {
        var seconds = time_t(time / 1_000_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}
