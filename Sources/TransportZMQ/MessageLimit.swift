/// Turns a bound in bytes into libzmq's high-water mark, which counts messages, from the size they have.
struct MessageLimit {
    /// Where nobody asks for a bound: as many as `standardBytes` hold, so many at least and at most. libzmq's 1000 stops a sender of
    /// very small messages every few microseconds; more than fit the cache slow down a sender of larger ones.
    static let standard = 1000...16_000
    static let standardBytes = 256 << 10

    /// The bound that was asked for, in messages; 0 is none, `nil` the standard.
    private let most: Int?
    private let bytes: Int
    private(set) var current: Int

    init(most: Int?, bytes: Int) {
        (self.most, self.bytes) = (most, bytes)
        current = most ?? Self.standard.lowerBound
    }

    /// The mark to set when messages of `mean` bytes are under way; `nil` when the one in force is near enough.
    mutating func adapt(toMean mean: Int) -> Int? {
        let fitting = max(1, bytes / max(1, mean))
        let mark = most ?? min(max(Self.standardBytes / max(1, mean), Self.standard.lowerBound), Self.standard.upperBound)
        let wanted = mark == 0 ? fitting : min(mark, fitting)
        // Setting it costs a command to every pipe: leave small changes alone.
        guard wanted < current / 2 || wanted > current * 2 || (wanted == most && current != wanted) else { return nil }
        current = wanted
        return wanted
    }
}
