/// Takes messages from a queue.
///
/// A message is named by its position: its number from 0 in the order in which the receiver handed messages over, whichever
/// batch it was put into, and whatever has become of that batch since.
public protocol Receiver: AnyObject {
    /// How many messages all calls of `receive` have handed over so far: the position of the next.
    var handedOver: Int { get }

    /// Blocks for a first message, then takes what is ready, up to `limit` messages and about `byteLimit` bytes, without
    /// blocking again. Messages are appended to `batch`. No more than `limit` are taken from the queue by this call and
    /// left unsettled, whatever is prefetched; a transport that cannot keep this says so with a notice.
    ///
    /// From here until `settle` the transport keeps each message the receiver's (TOUCH, visibility), by a thread of its own if need be.
    /// - Throws: what ended the receiver. Messages already appended are still in `batch`.
    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome

    /// Says what became of messages, in any order and at any time until `close`; of each once. A no-op for `.acknowledge` where
    /// the transport has no acknowledgement.
    /// - Throws: `unsupported` for `.requeue` without the capability, `failure` for a message that is settled or was never handed over,
    ///   where the transport keeps account of them.
    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError)

    /// Sends on what was settled and is still held back to go with the next `receive`: for a caller that takes nothing for a while.
    /// Whatever fails is thrown by the next `receive`.
    func sendSettled()

    /// Leaves in good order: what was acknowledged is acknowledged, what was taken ahead goes back where the transport can.
    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError)

    /// Messages that others may have by now though they were not settled: their time with this receiver ran out, or their connection
    /// broke.
    var lostLeases: Int { get }

    /// Whether the queue keeps the order within each group, as long as one message of a group is under way at a time.
    var ordersGroups: Bool { get }

    /// Why nothing can have come: nobody from whom it might have was ever there. `nil` where somebody was, or where others come to us.
    var absence: TransportError? { get }

    /// Things the person should know at the end.
    var closingRemarks: [String] { get }
}

extension Receiver {
    public var lostLeases: Int { 0 }
    public var ordersGroups: Bool { false }
    public var absence: TransportError? { nil }
    public var closingRemarks: [String] { [] }
    public func sendSettled() {}
    public func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) {}
    public func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
        guard case .acknowledge = settlement else {
            throw TransportError(.unsupported, "this transport cannot put a message back")
        }
    }

    /// Settles the `count` messages that were handed over last.
    public func settle(last count: Int, as settlement: Settlement) throws(TransportError) {
        try settle(handedOver - count..<handedOver, as: settlement)
    }
}
