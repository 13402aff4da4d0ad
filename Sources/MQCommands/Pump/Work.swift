import MQCore

/// What is done with received messages: they are written, given to a command, posted, passed on, compared.
///
/// A work belongs to the thread of its `Intake`. What it does elsewhere meanwhile says by `Turn.end`, or by a descriptor that becomes
/// readable, that there is something to collect.
/// The bytes and properties of a message stay where `begin` found them, at the same address, until its verdict was collected.
protocol Work: AnyObject {
    /// The bytes that a batch keeps free around each message.
    var gap: Batch.Gap { get }
    var needsProperties: Bool { get }
    /// The most messages that can be under way at once; `nil` is as many as come. Nothing more is taken ahead of the queue.
    var width: Int? { get }

    /// Whether messages under way overtake each other. Of a group that keeps an order it is then given one at a time.
    var isParallel: Bool { get }

    /// How many messages may come now, 0 while as many are under way as may be. Asked before each wait.
    func room() -> Int

    /// When `collect` must be called at the latest, though nothing came and no turn ended.
    var due: Deadline { get }

    /// Readable when `collect` has something to do; -1 for a work that says so by `Turn.end`. Waited for beside the queue.
    var descriptor: CInt { get }

    /// Begins with the messages of `range`, the first of which is at `position`.
    func begin(_ batch: inout Batch, _ range: Range<Int>, at position: Int, stop: StopFlag) -> Begun

    /// Appends what became of messages since the last call.
    /// - Throws: what ends the work; what has no verdict by then goes back untouched.
    func collect(_ verdicts: inout [Verdict], _ lull: Lull) throws(TransportError)

    /// Nothing more will come: completes what it can complete at once. For the rest, verdicts are waited for.
    /// - Throws: as `collect`.
    func finish(stop: StopFlag) throws(TransportError)

    /// Gives up at once what is under way: no verdict follows, it goes back untouched.
    func abandon()

    /// The last call: what the work has at other places ends, every message has its verdict or went back.
    /// - Throws: what did not get there.
    func close() throws(TransportError)
}

extension Work {
    var width: Int? { nil }
    var isParallel: Bool { false }
    var due: Deadline { .never }
    var descriptor: CInt { -1 }
    func room() -> Int { .max }
    func finish(stop: StopFlag) throws(TransportError) {}
    func abandon() {}
    func close() throws(TransportError) {}
}
