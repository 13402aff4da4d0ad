/// Looks after the queues themselves.
public protocol Admin: AnyObject {
    /// Every queue there is, and the limits they share.
    func list() throws(TransportError) -> QueueListing
    /// The addressed queue.
    /// - Throws: `noSuchQueue`, `permission`.
    func status() throws(TransportError) -> QueueStatus
    /// Makes the addressed queue.
    /// - Parameter exclusive: whether an existing queue is an error (`cannotCreate`).
    /// - Returns: whether it was made, and did not exist before.
    func create(exclusive: Bool) throws(TransportError) -> Bool
    func delete() throws(TransportError)
    /// Removes every message and returns how many there were.
    func purge() throws(TransportError) -> Int
    /// Holds the queue's messages back from its consumers, or hands them over again; a no-op when it is so already.
    /// - Throws: `unsupported` without the capability.
    func pause(_ paused: Bool) throws(TransportError)
    /// Moves the messages of the addressed dead-letter queue back to where they failed.
    /// - Parameter progress: called now and then, a second apart or less.
    /// - Throws: `unsupported` without the capability; `stop` ends the move in good order and returns what was moved.
    func redrive(
        _ plan: Redrive, stop: StopFlag, progress: (RedriveProgress) -> Void
    ) throws(TransportError) -> RedriveProgress
}

extension Admin {
    public func pause(_ paused: Bool) throws(TransportError) {
        throw TransportError(.unsupported, "this transport cannot pause a queue")
    }
    public func redrive(
        _ plan: Redrive, stop: StopFlag, progress: (RedriveProgress) -> Void
    ) throws(TransportError) -> RedriveProgress {
        throw TransportError(.unsupported, "this transport has no dead-letter queues")
    }
}

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

/// How far a redrive is.
public struct RedriveProgress: Sendable, Equatable {
    public var moved: Int
    /// How many there are to move, as far as the transport can tell.
    public var total: Int?

    public init(moved: Int, total: Int?) {
        self.moved = moved
        self.total = total
    }
}

/// A value beside its name, in the order in which it is shown.
public struct Fact: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case text(String)
        case number(Int)
        /// A number that only grows while the queue is there: its growth is of interest.
        case counter(Int)
        /// A number that counts nothing: a process, a key, an identifier.
        case identifier(Int)
        /// A number of bytes, shown with its unit.
        case bytes(Int)
        /// Nanoseconds since 1970; 0 is never.
        case time(Int64)
        /// A file mode, shown in octal.
        case mode(Int)
        case flag(Bool)
    }

    /// The key in JSON, in lower case with underscores.
    public var key: String
    /// The heading for people.
    public var label: String
    public var value: Value
    /// Where the value came from, for `explain`.
    public var source: String?

    public init(_ key: String, _ label: String, _ value: Value, source: String? = nil) {
        self.key = key
        self.label = label
        self.value = value
        self.source = source
    }
}

/// What is known of one queue.
public struct QueueStatus: Sendable {
    /// The address by which `mq` reaches it.
    public var address: String
    /// Shown in this order; `list` takes those whose keys are in the listing's columns.
    public var facts: [Fact]
    /// What it consists of: the channels of a topic, its shares in several brokers. `stat` shows them below, in a table.
    public var parts: [QueueStatus] = []

    public init(address: String, facts: [Fact]) {
        self.address = address
        self.facts = facts
    }

    public subscript(key: String) -> Fact.Value? { facts.first { $0.key == key }?.value }
}

/// A limit of the system, and how much of it is used.
public struct QueueLimit: Sendable {
    public var fact: Fact
    /// In the limit's own unit; `nil` where it cannot be told.
    public var used: Int?
    /// What raises it.
    public var remedy: String

    public init(_ fact: Fact, used: Int?, remedy: String) {
        self.fact = fact
        self.used = used
        self.remedy = remedy
    }
}

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
