/// What `list` shows: queues, and the limits of the system that they share.
public struct QueueListing: Sendable {
    /// In the order in which they are shown.
    public var queues: [QueueStatus]
    /// Shown below the queues.
    public var limits: [QueueLimit]
    /// The facts shown as columns, each with its heading.
    public var columns: [Column]

    /// A fact of every queue that `list` shows.
    public struct Column: Sendable {
        /// The key of the fact.
        public var key: String
        /// What stands above the column.
        public var heading: String
        /// A column for the facts of this key.
        public init(_ key: String, _ heading: String) {
            self.key = key
            self.heading = heading
        }
    }

    /// A listing whose rows are `queues`.
    public init(queues: [QueueStatus], limits: [QueueLimit], columns: [Column]) {
        self.queues = queues
        self.limits = limits
        self.columns = columns
    }
}
