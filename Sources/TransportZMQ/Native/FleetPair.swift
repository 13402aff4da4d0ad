import Glibc
import MQCore

/// The connections of both ends of a proxy, looked after by one thread.
struct FleetPair {
    let front: Fleet
    let back: Fleet

    /// The front's first: others only try a gate.
    func enter() {
        front.enter()
        back.enter()
    }

    func leave() {
        back.leave(isUrgent: back.hasOutput)
        front.leave(isUrgent: front.hasOutput)
    }

    /// Takes what the kernel has to tell of both.
    func turn() {
        front.turn(until: .immediately)
        back.turn(until: .immediately)
    }

    /// Waits until there is something to do, and does it.
    func wait(until deadline: Deadline, stop: StopFlag) {
        var set = (
            pollfd(fd: front.descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: back.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
        )
        let left = deadline.earlier(front.nextDuty).earlier(back.nextDuty).pollMilliseconds
        _ = withUnsafeMutablePointer(to: &set) { $0.withMemoryRebound(to: pollfd.self, capacity: 3) { poll($0, 3, left) } }
        if set.0.revents != 0 || front.nextDuty.hasPassed { front.turn(until: .immediately) }
        if set.1.revents != 0 || back.nextDuty.hasPassed { back.turn(until: .immediately) }
    }
}
