import Glibc
import MQCore
import Synchronization

/// Looks after a fleet while its owner is away, blocked on standard input or output: accepts, shakes hands, answers PINGs, writes what waits.
enum Attendant {
    /// How long the owner is away before anybody takes its place, in milliseconds; the second with something to be written.
    private static let patience: CInt = 50
    private static let urgentPatience: CInt = 5

    /// - Throws: `failure` when there is no thread to be had.
    static func start(for fleet: Fleet) throws(TransportError) {
        try BackgroundThread.start("mq-zmq-attend", blockingSignals: true) { attend(fleet) }
    }

    private static func attend(_ fleet: Fleet) {
        var seen = fleet.visits.load(ordering: .relaxed)
        // Whether the owner was away when last looked at: what happens then needs no more patience.
        var isAway = false
        while true {
            if !isAway || fleet.visits.load(ordering: .relaxed) != seen {
                isAway = false
                wait(fleet.bell.descriptor, fleet.isUrgent.load(ordering: .relaxed) ? urgentPatience : patience)
            }
            fleet.bell.silence()
            guard fleet.gate.tryLock() else {
                isAway = false
                if fleet.visits.load(ordering: .relaxed) == seen, !sleep(fleet) { continue }
                seen = fleet.visits.load(ordering: .relaxed)
                continue
            }
            if fleet.isClosed { return fleet.gate.unlock() }
            let visits = fleet.visits.load(ordering: .relaxed)
            guard visits == seen else {
                (seen, isAway) = (visits, false)
                fleet.gate.unlock()
                continue
            }
            fleet.turn(until: .immediately)
            fleet.owner?.attend()
            let due = fleet.nextDuty
            isAway = true
            let isClosed = fleet.isClosed
            fleet.gate.unlock()
            if isClosed { return }
            wait(fleet.bell.descriptor, due.pollMilliseconds, beside: fleet.descriptor)
        }
    }

    /// The owner waits in a call of its own: sleeps until it leaves that.
    /// - Returns: false when it has left meanwhile.
    private static func sleep(_ fleet: Fleet) -> Bool {
        fleet.attendantSleeps.store(true, ordering: .sequentiallyConsistent)
        defer { fleet.attendantSleeps.store(false, ordering: .relaxed) }
        if fleet.gate.tryLock() {
            fleet.gate.unlock()
            return false
        }
        wait(fleet.bell.descriptor, -1)
        fleet.bell.silence()
        return true
    }

    private static func wait(_ bell: CInt, _ milliseconds: CInt, beside other: CInt = -1) {
        var set = (pollfd(fd: bell, events: Int16(POLLIN), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0))
        _ = withUnsafeMutablePointer(to: &set) { $0.withMemoryRebound(to: pollfd.self, capacity: 2) { poll($0, 2, milliseconds) } }
    }
}
