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
    /// Who is connected to the addressed queue, each by its own address.
    /// - Throws: `unsupported` without the capability.
    func clients() throws(TransportError) -> QueueListing
    /// The brokers that hold the queues, each with those it has as its parts.
    /// - Throws: `unsupported` without the capability.
    func nodes() throws(TransportError) -> QueueListing
    /// The addressed queue as one of those brokers has it: what is done to it is done there only.
    /// - Parameter name: its address, as `nodes` has it.
    /// - Throws: `unsupported` without the capability, `noSuchQueue` for a broker that is not among them.
    func onNode(_ name: String) throws(TransportError) -> any Admin
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
    public func clients() throws(TransportError) -> QueueListing {
        throw TransportError(.unsupported, "this transport does not tell who is connected")
    }
    public func nodes() throws(TransportError) -> QueueListing {
        throw TransportError(.unsupported, "this transport has no nodes")
    }
    public func onNode(_ name: String) throws(TransportError) -> any Admin {
        throw TransportError(.unsupported, "this transport has no nodes")
    }
    public func redrive(
        _ plan: Redrive, stop: StopFlag, progress: (RedriveProgress) -> Void
    ) throws(TransportError) -> RedriveProgress {
        throw TransportError(.unsupported, "this transport has no dead-letter queues")
    }
}
