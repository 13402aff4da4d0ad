/// Both ends of a proxy: what comes in at one goes out at the other, its frames unchanged. Used by one thread.
public protocol Relay: AnyObject {
    /// Moves messages both ways until the flag is raised. Takes no more than the other end can be given, and keeps connections up while
    /// nothing moves.
    /// - Parameter tap: shown every message once it was moved.
    /// - Throws: what makes going on impossible.
    func run(_ tap: (any RelayTap)?, stop: StopFlag) throws(TransportError)

    /// Takes no more requests or messages, and delivers what was taken: until the deadline, or until the flag is raised.
    /// - Throws: `tryAgain` with the number of messages that nobody took in time, `unreachable` when a peer left with some unread.
    func finish(_ tap: (any RelayTap)?, until deadline: Deadline, stop: StopFlag) throws(TransportError)

    /// What it has moved so far; read by other threads.
    var counters: RelayCounters { get }
}
