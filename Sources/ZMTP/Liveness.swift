/// Whether the peer is alive: our PINGs, its time to live. Any frame counts as life.
public struct Liveness: Sendable {
    /// How often a peer is asked whether it lives, and how long it may take.
    public struct Settings: Sendable {
        /// Nanoseconds between PINGs on an idle connection; 0 is none.
        public var interval: UInt64
        /// Nanoseconds an answer may take.
        public var timeout: UInt64
        /// Tenths of a second after which the peer drops us when it hears nothing; 0 asks for none.
        public var timeToLive: UInt16

        /// - Parameter timeout: `nil` is as long as the interval.
        public init(interval: UInt64 = 0, timeout: UInt64? = nil, timeToLive: UInt16 = 0) {
            (self.interval, self.timeout) = (interval, timeout ?? interval)
            self.timeToLive = min(timeToLive, Command.longestTimeToLive)
        }
    }

    let settings: Settings
    private var heard: UInt64
    /// When the oldest PING without an answer was sent.
    private var asked: UInt64?
    /// When the next PING is due; `UInt64.max` is never.
    private var pingDue: UInt64
    /// Nanoseconds of silence after which the peer asked to be dropped.
    private var peersTimeToLive: UInt64?

    init(_ settings: Settings, at now: UInt64) {
        self.settings = settings
        heard = now
        pingDue = settings.interval == 0 ? .max : now + settings.interval
    }

    /// Of a peer that knows no PING.
    mutating func askNothing() { pingDue = .max }

    mutating func heard(at now: UInt64) {
        heard = now
        asked = nil
    }

    /// The peer's PING says how long it may be silent, in tenths of a second.
    mutating func peerLives(_ tenths: UInt16) { peersTimeToLive = tenths == 0 ? nil : UInt64(tenths) * 100_000_000 }

    /// When `timePassed` has something to do at the earliest; `UInt64.max` is never.
    var due: UInt64 {
        min(pingDue, asked.map { $0 + settings.timeout } ?? .max, peersTimeToLive.map { heard + $0 } ?? .max)
    }

    enum Verdict: Equatable { case alive, ping, dead }

    mutating func timePassed(_ now: UInt64) -> Verdict {
        if let asked, now >= asked + settings.timeout { return .dead }
        if let peersTimeToLive, now >= heard + peersTimeToLive { return .dead }
        guard now >= pingDue else { return .alive }
        pingDue = now + settings.interval
        asked = asked ?? now
        return .ping
    }
}
