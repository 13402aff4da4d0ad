/// Puts messages into a queue.
public protocol Sender: AnyObject {
    /// The largest body in bytes; `nil` when there is none. Known as soon as the sender is open.
    var maximumMessageSize: Int? { get }
    /// Whether a message of no bytes can be sent.
    var acceptsEmptyMessages: Bool { get }

    /// Messages confirmed so far, counted from the first sent, without a hole: the transport's promise reaches this far.
    /// A transport whose calls are synchronous confirms what `send` accepts; a broker's lags until `flush`. A message that
    /// `takeRejections` names leaves no hole: it counts as dealt with.
    var confirmed: Int { get }

    /// Messages confirmed behind the first that is not: a broker may answer out of order.
    var confirmedBehind: Int { get }

    /// Messages that may have arrived though nobody said so. After a `send` that threw, those of its range among them that left.
    var inDoubt: Int { get }

    /// The first message of `range` that this transport can never carry, and why. Nothing is sent.
    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal?

    /// Blocks until all of `range` is accepted, `deadline` passes or `stop` is raised. Transmission of what was accepted
    /// has begun: nothing is held back in the hope of more. A sender that keeps an order accepts less, too, where a message was
    /// refused that the rest must not overtake; the call after `takeRejections` goes on.
    /// - Returns: how many were accepted, from the front of `range`.
    /// - Throws: what ends the sender; `confirmed` tells where. Never for a single message: see `takeRejections`.
    func send(_ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Int

    /// How many messages one request takes, where requests are what sending costs: whoever can wait a moment hands over multiples of it.
    var requestSize: Int { get }

    /// Waits until something is known of accepted messages that was not known before, `deadline` passes or `stop` is raised; returns at
    /// once when everything is known. Other than after `flush`, the sender goes on whatever came.
    /// - Throws: what ends the sender.
    func progress(until deadline: Deadline, stop: StopFlag) throws(TransportError)

    /// Why the last `send` accepted less than everything when its deadline passed: `tryAgain` for a queue that is full,
    /// `unreachable` where nobody is there to send to.
    var obstacle: TransportError { get }

    /// Why the last `send` took until its deadline though it accepted everything: the answers that it waits for as well did not come.
    /// `nil` when they did, and for a sender that leaves them to `flush`.
    var overdue: TransportError? { get }

    /// Messages that the other side refused one by one since the last call, by their number from 0 in order of sending.
    func takeRejections() -> [Rejection]

    /// Waits until accepted messages have left the process and, where the transport can tell, are confirmed.
    /// - Throws: `tryAgain` when the deadline passes first, with what is still unconfirmed in words.
    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError)

    /// Things the person should know at the end ("12 messages dropped at the high-water mark").
    var closingRemarks: [String] { get }
}

extension Sender {
    public var acceptsEmptyMessages: Bool { true }
    public var confirmedBehind: Int { 0 }
    public var inDoubt: Int { 0 }
    public var requestSize: Int { 1 }
    public func progress(until deadline: Deadline, stop: StopFlag) throws(TransportError) {}
    public var obstacle: TransportError { TransportError(.tryAgain, "the queue is full") }
    public var overdue: TransportError? { nil }
    public var closingRemarks: [String] { [] }
    public func takeRejections() -> [Rejection] { [] }

    public func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        let limit = maximumMessageSize ?? Int.max
        let smallest = acceptsEmptyMessages ? 0 : 1
        for index in range {
            let size = batch.size(of: index)
            if size > limit {
                return Refusal(index: index, error: .tooLarge(size, limit: limit))
            }
            if size < smallest {
                return Refusal(
                    index: index, error: TransportError(.unsendable, "this transport cannot carry an empty message", remedy: .skipEmpty))
            }
        }
        return nil
    }
}
