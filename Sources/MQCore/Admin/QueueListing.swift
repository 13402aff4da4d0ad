public struct QueueListing: Sendable {
    public var queues: [QueueStatus]
    public var limits: [QueueLimit]
    /// The facts shown as columns, each with its heading.
    public var columns: [Column]

    public struct Column: Sendable {
        public var key: String
        public var heading: String
        public init(_ key: String, _ heading: String) {
            self.key = key
            self.heading = heading
        }
    }

    public init(queues: [QueueStatus], limits: [QueueLimit], columns: [Column]) {
        self.queues = queues
        self.limits = limits
        self.columns = columns
    }
}
