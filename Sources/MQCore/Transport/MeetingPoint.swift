/// Where both ends of a queue are found by processes that know nothing of each other.
public struct MeetingPoint: Sendable, Equatable {
    /// The address for whoever sends.
    public var sending: String
    /// The address for whoever receives.
    public var receiving: String
    /// Whether it is nobody else's: who asked for it creates it first and deletes it at the end, where the transport has queues to create.
    public var isPrivate: Bool
    /// Whether only threads of one process meet there.
    public var isProcessLocal: Bool
    /// A file of its own that stays behind when the process that made it is killed.
    public var file: String?
    /// Whether order is promised there; `nil` is what the transport's capabilities say.
    public var isOrdered: Bool?

    /// - Parameter receiving: `nil` where both ends have the same address.
    public init(
        sending: String, receiving: String? = nil, isPrivate: Bool, isProcessLocal: Bool = false, file: String? = nil,
        isOrdered: Bool? = nil
    ) {
        self.sending = sending
        self.receiving = receiving ?? sending
        self.isPrivate = isPrivate
        self.isProcessLocal = isProcessLocal
        self.file = file
        self.isOrdered = isOrdered
    }
}
