internal import Glibc
internal import MQCore
internal import MQNet
internal import Synchronization

/// What the thread that owns a receiver and the thread that talks to SQS hand each other.
final class ReceiveDesk: Sendable {
    struct State {
        /// How many messages may still be taken from the queue for the owner.
        var allowance = 0
        var wantsProperties = false
        /// How long a poll may wait: what the owner's call still has, or had when it began.
        var deadline = Deadline.never
        /// The whole seconds that the owner's call had when it began; `nil` without a bound.
        var patience: Int?
        /// The owner has nothing to do and was not woken yet.
        var isOwnerWaiting = false
        /// The other thread looks here within a moment anyway, and need not be woken for what can wait so long.
        var isAttentive = false
        /// Messages not handed over yet, from `head`.
        var arrivals: [ReceivedMessage] = []
        var head = 0
        /// Those that came, in the same order: the number of one is its position for the receiver.
        var held = HeldMessages()
        /// Numbers to be deleted, and those to become visible again after seconds.
        var deletions: [Int] = []
        var releases: [(number: Int, delay: Int)] = []
        var failure: TransportError?
        /// The queue is empty, as far as can be told, and that was asked for.
        var isEmpty = false
        var isClosing = false
        var isClosed = false
        /// Messages whose deletion failed for good, and why.
        var undeleted = 0
        var undeletedReason: TransportError?
        /// Messages that may have become another receiver's while they were held.
        var slipped = 0

        var ready: Int { arrivals.count - head }
    }

    let state = Mutex(State())
    /// Ends the talk with SQS at once.
    let abandon = StopFlag()
    private let waker: HTTPWaker
    private let bell = Bell()

    /// - Throws: `failure` when there are no descriptors left.
    init(_ waker: HTTPWaker) throws(TransportError) {
        guard bell.descriptor >= 0 else { throw TransportError(.failure, SystemError.words(EMFILE), errno: EMFILE) }
        self.waker = waker
    }

    /// Wakes the thread that talks to SQS.
    func wakeService() { waker.wake() }

    /// Wakes the owner, if it waits.
    func wakeOwner() { bell.ring() }

    /// Waits for `wakeOwner`.
    func wait(until deadline: Deadline, stop: StopFlag) -> Readiness {
        let result = Readiness.wait(for: POLLIN, on: bell.descriptor, until: deadline, stop: stop)
        if case .ready = result { bell.silence() }
        return result
    }
}
