import Glibc
import MQCore

/// How long to look again and again before sleeping, where an answer may come at once.
///
/// A thread that sleeps runs ten or more microseconds after it was woken, which is longer than a peer on this host takes to answer. Looking
/// costs the processor, so it goes on only for as long as it paid lately; where it does not pay, it is tried now and then.
struct Spin {
    /// In nanoseconds.
    private static let least: UInt64 = 2_000
    /// Waits that go by before it is tried again.
    private static let rest = 64

    private let longest: UInt64
    private let yields: Bool
    private var length: UInt64
    private var waits = 0

    init(longest: UInt64, yields: Bool) { (self.longest, self.yields, length) = (longest, yields, longest) }

    /// Where a peer's answer is read by this thread.
    static var brief: Spin { Spin(longest: 40_000, yields: false) }
    /// Where it passes through other threads of this host, such as libzmq's, which need a processor too.
    static var yielding: Spin { Spin(longest: 160_000, yields: true) }

    /// Looks for as long as it pays.
    /// - Returns: what was found, or `nil`.
    mutating func look<Found, Problem: Error>(_ attempt: () throws(Problem) -> Found?) throws(Problem) -> Found? {
        let length = begin()
        guard length > 0 else { return nil }
        let start = Deadline.now()
        var passed: UInt64 = 0
        while passed < length {
            if let found = try attempt() {
                paid(after: passed)
                return found
            }
            if yields { sched_yield() }
            passed = Deadline.now() &- start
        }
        failed()
        return nil
    }

    /// For how many nanoseconds to look this time; 0 is not at all.
    mutating func begin() -> UInt64 {
        if length > 0 { return length }
        waits += 1
        guard waits == Self.rest else { return 0 }
        waits = 0
        return longest
    }

    /// Something came after so many nanoseconds.
    mutating func paid(after nanoseconds: UInt64) { length = min(longest, max(length, Self.least, 4 * nanoseconds)) }

    /// Nothing came.
    mutating func failed() { length = length / 2 < Self.least ? 0 : length / 2 }
}
