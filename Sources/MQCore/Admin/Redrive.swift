/// How dead letters go back.
public struct Redrive: Sendable {
    /// The address to move to; `nil` is where each message failed.
    public var destination: String?
    /// The most messages a second; `nil` leaves it to the transport.
    public var rate: Int?

    public init(destination: String? = nil, rate: Int? = nil) {
        self.destination = destination
        self.rate = rate
    }
}
