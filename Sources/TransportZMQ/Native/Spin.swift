/// How long to look again and again before sleeping, where an answer may come at once.
///
/// A thread that sleeps runs ten or more microseconds after it was woken, which is longer than a peer on this host takes to answer. Looking
/// costs the processor, so it goes on only for as long as it paid lately; where it does not pay, it is tried now and then.
struct Spin {
    /// In nanoseconds.
    private static let (longest, least): (UInt64, UInt64) = (40_000, 2_000)
    /// Waits that go by before it is tried again.
    private static let rest = 64

    private var length = longest
    private var waits = 0

    /// For how many nanoseconds to look this time; 0 is not at all.
    mutating func begin() -> UInt64 {
        if length > 0 { return length }
        waits += 1
        guard waits == Self.rest else { return 0 }
        waits = 0
        return Self.longest
    }

    /// Something came after so many nanoseconds.
    mutating func paid(after nanoseconds: UInt64) { length = min(Self.longest, max(length, Self.least, 4 * nanoseconds)) }

    /// Nothing came.
    mutating func failed() { length = length / 2 < Self.least ? 0 : length / 2 }
}
