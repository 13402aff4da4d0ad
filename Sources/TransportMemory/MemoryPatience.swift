import Glibc
import MQCore

/// How an endpoint waits for the queue to change: it yields first, since the other side is usually about to act, and sleeps then.
struct MemoryPatience {
    /// As for the kernel's queues: enough for a peer on the same processor to get its turn.
    private static let yields = 20
    private var yielded = 0
    private var bell: Bell?

    mutating func begin() { yielded = 0 }

    /// The bell to leave with the next attempt; `nil` while yielding is still worth it.
    mutating func bellIfTired() throws(TransportError) -> Bell? {
        if yielded < Self.yields { return nil }
        if let bell { return bell }
        let fresh = Bell()
        guard fresh.descriptor >= 0 else {
            throw TransportError(.failure, "no file descriptor left to wait with: \(SystemError.words(EMFILE))", errno: EMFILE)
        }
        bell = fresh
        return fresh
    }

    /// Waits for a change after an attempt that was made with `left` and failed.
    /// - Returns: `ready` to try again.
    mutating func wait(_ left: Bell?, _ queue: MemoryQueue, until deadline: Deadline, or due: Deadline = .never, stop: StopFlag)
        -> Readiness
    {
        let result: Readiness
        if stop.isRaised {
            result = .stopped
        } else if deadline.hasPassed {
            result = .deadlinePassed
        } else if let left {
            let found = Readiness.wait(for: POLLIN, on: left.descriptor, until: deadline.earlier(due), stop: stop)
            if case .deadlinePassed = found, !deadline.hasPassed { result = .ready } else { result = found }
        } else {
            yielded += 1
            sched_yield()
            result = .ready
        }
        if let left { queue.leave(left) }
        return result
    }
}
