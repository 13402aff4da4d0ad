/// Turns a bound in bytes into libzmq's high-water mark, which counts messages, from the size they have.
struct MessageLimit {
    /// The bound that was asked for, in messages; 0 is none.
    private let most: Int
    private let bytes: Int
    private(set) var current: Int

    init(most: Int, bytes: Int) {
        (self.most, self.bytes) = (most, bytes)
        current = most
    }

    /// The mark to set when messages of `mean` bytes are under way; `nil` when the one in force is near enough.
    mutating func adapt(toMean mean: Int) -> Int? {
        let fitting = max(1, bytes / max(1, mean))
        let wanted = most == 0 ? fitting : min(most, fitting)
        // Setting it costs a command to every pipe: leave small changes alone.
        guard wanted < current / 2 || wanted > current * 2 || (wanted == most && current != most) else { return nil }
        current = wanted
        return wanted
    }
}
