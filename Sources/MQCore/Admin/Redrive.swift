/// How dead letters go back.
public struct Redrive: Sendable {
    /// The address to move to; `nil` is where each message failed.
    public var destination: String?
    /// The most messages a second; `nil` leaves it to the transport.
    public var rate: Int?

    /// A move of all dead letters; without arguments back to where each failed.
    public init(destination: String? = nil, rate: Int? = nil) {
        self.destination = destination
        self.rate = rate
    }
}
