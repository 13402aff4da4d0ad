internal import Glibc
internal import MQCore
internal import MQNet
internal import Synchronization

/// What the thread that owns a receiver and the thread that talks to SQS hand each other.
final class ReceiveDesk: Sendable {
    let reception: Mutex<Reception>
    /// Ends the talk with SQS at once.
    let abandon = StopFlag()
    private let waker: HTTPWaker
    private let bell = Bell()

    /// - Throws: `failure` when there are no descriptors left.
    init(_ waker: HTTPWaker, _ plan: Reception.Plan) throws(TransportError) {
        reception = Mutex(Reception(plan))
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
