import Glibc
import MQCore

/// Wakes one blocked endpoint: a pipe, so that it can be polled beside the stop flag.
final class MemoryBell: Sendable {
    private let readEnd: CInt
    private let writeEnd: CInt

    /// - Throws: `failure` when the process has no descriptor left.
    init() throws(TransportError) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else {
            let code = errno
            throw TransportError(.failure, "no file descriptor left to wait with: \(String(cString: strerror(code)))", errno: code)
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// A full pipe has rung already.
    func ring() {
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }

    func silence() {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            while read(readEnd, buffer.baseAddress!, 64) == 64 {}
        }
    }

    func wait(until deadline: Deadline, stop: StopFlag) -> Readiness {
        Readiness.wait(for: POLLIN, on: readEnd, until: deadline, stop: stop)
    }
}

/// How an endpoint waits for the queue to change: it yields first, since the other side is usually about to act, and sleeps then.
struct MemoryPatience {
    /// As for the kernel's queues: enough for a peer on the same processor to get its turn.
    private static let yields = 20
    private var yielded = 0
    private var bell: MemoryBell?

    mutating func begin() { yielded = 0 }

    /// The bell to leave with the next attempt; `nil` while yielding is still worth it.
    mutating func bellIfTired() throws(TransportError) -> MemoryBell? {
        if yielded < Self.yields { return nil }
        if bell == nil { bell = try MemoryBell() }
        return bell
    }

    /// Waits for a change after an attempt that was made with `left` and failed.
    /// - Returns: `ready` to try again.
    mutating func wait(_ left: MemoryBell?, _ queue: MemoryQueue, until deadline: Deadline, or due: Deadline = .never, stop: StopFlag)
        -> Readiness
    {
        let result: Readiness
        if stop.isRaised {
            result = .stopped
        } else if deadline.hasPassed {
            result = .deadlinePassed
        } else if let left {
            let found = left.wait(until: deadline.earlier(due), stop: stop)
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
