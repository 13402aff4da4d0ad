/// How far a redrive is.
public struct RedriveProgress: Sendable, Equatable {
    /// Messages moved so far.
    public var moved: Int
    /// How many there are to move, as far as the transport can tell.
    public var total: Int?

    /// Counts of messages.
    public init(moved: Int, total: Int?) {
        self.moved = moved
        self.total = total
    }
}
