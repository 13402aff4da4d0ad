import Glibc
import MQCore

/// The connections of both ends of a proxy, looked after by one thread.
final class FleetPair {
    let front: Fleet
    let back: Fleet
    private var spin = Spin.yielding

    init(front: Fleet, back: Fleet) { (self.front, self.back) = (front, back) }

    deinit {
        front.end()
        back.end()
    }

    /// - Throws: `failure` where no thread can be had.
    func start(front owner: any FleetOwner, back other: any FleetOwner) throws(TransportError) {
        try back.start(for: other)
        try front.start(for: owner)
    }

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
    /// - Parameters:
    ///   - receiving: the front's.
    ///   - looks: whether it may come at once, so that it is looked for before sleeping.
    func wait(_ receiving: ReceivingCore, until deadline: Deadline, stop: StopFlag, looks: Bool = false) {
        // Who sends wants to hear that what it sent before was taken, even while nothing more is.
        receiving.attend()
        if looks, spin.look({ listen(until: .immediately, stop) ? true : nil }) != nil { return }
        _ = listen(until: deadline.earlier(front.nextDuty).earlier(back.nextDuty), stop)
    }

    /// - Returns: whether there was anything.
    private func listen(until deadline: Deadline, _ stop: StopFlag) -> Bool {
        var set = (
            pollfd(fd: front.descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: back.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
        )
        let left = deadline.pollMilliseconds
        let found = withUnsafeMutablePointer(to: &set) { $0.withMemoryRebound(to: pollfd.self, capacity: 3) { poll($0, 3, left) } }
        if set.0.revents != 0 || front.nextDuty.hasPassed { front.turn(until: .immediately) }
        if set.1.revents != 0 || back.nextDuty.hasPassed { back.turn(until: .immediately) }
        return found > 0
    }
}
