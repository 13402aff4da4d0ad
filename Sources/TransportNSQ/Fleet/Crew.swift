internal import Glibc
internal import MQCore

/// The connections of an endpoint, and what one direction does with them. Whoever holds the crew is the only one that touches them.
protocol Crew: SendableMetatype {
    associatedtype Member: Link
    var links: [Member] { get set }
    var watch: Watch { get set }

    mutating func join(_ link: Member)

    /// Does what is due for one connection, and says when to come again at the latest.
    mutating func tend(_ link: Member, at now: UInt64, ownerIsAway: Bool) throws(TransportError) -> UInt64
}

extension Crew {
    /// Takes in connections that have come since.
    mutating func takeIn(_ fleet: Fleet<Self>) {
        while let link = fleet.takeArrival() {
            join(link)
            watch.due = 0
        }
    }

    /// Keeps every connection alive, when it is time.
    mutating func tendWhenDue(ownerIsAway: Bool = false) {
        let now = watch.clocks.monotonic()
        guard now >= watch.due else { return }
        watch.due = now + 15_000_000_000
        for link in links where link.failure == nil {
            do throws(TransportError) {
                watch.due = min(watch.due, try tend(link, at: now, ownerIsAway: ownerIsAway))
            } catch {
                link.failure = error
            }
        }
    }

    /// When to come again.
    var nextDuty: Deadline { Deadline(nanoseconds: watch.due) }

    /// What both directions need.
    /// - Throws: `unreachable` when nsqd has missed two heartbeats.
    func keepAlive(_ link: Member, at now: UInt64, ownerIsAway: Bool) throws(TransportError) -> UInt64 {
        let connection = link.connection
        // As good an answer as one to a heartbeat that was read.
        if now >= connection.lastWrite + connection.heartbeat / 2 { try connection.answerHeartbeat() }
        try connection.flush()
        let isSilent = now > connection.lastRead + 2 * connection.heartbeat + connection.heartbeat / 4
        if ownerIsAway || isSilent { while try connection.receive() {} }
        if now > connection.lastRead + 2 * connection.heartbeat + connection.heartbeat / 4 { throw connection.silence }
        return now + connection.heartbeat / 4
    }

    /// Takes a broken connection out, and has it restored where that is wanted.
    mutating func lose(_ link: Member, _ error: TransportError, isRequired: Bool = false, _ fleet: Fleet<Self>) {
        links.removeAll { $0 === link }
        fleet.lost(link.route, error, wasSound: link.isSound, isRequired: isRequired)
    }

    /// Waits until one of `wanted` is ready (by link, poll(2) flags; 0 leaves it out), a connection has come, something is due, the
    /// deadline passes or the flag is raised.
    mutating func wait(
        _ fleet: Fleet<Self>, until deadline: Deadline, stop: StopFlag, _ wanted: (Member) -> Int32
    ) -> Readiness {
        if stop.isRaised { return .stopped }
        watch.descriptors.removeAll(keepingCapacity: true)
        watch.descriptors.append(pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0))
        watch.descriptors.append(pollfd(fd: fleet.ownerBell.descriptor, events: Int16(POLLIN), revents: 0))
        for link in links {
            let events = wanted(link)
            if events != 0 { watch.descriptors.append(pollfd(fd: link.connection.descriptor, events: Int16(events), revents: 0)) }
        }
        var due = nextDuty
        if let limit = fleet.patience { due = due.earlier(Deadline(nanoseconds: limit.nanoseconds &+ 1)) }
        let bound = deadline.earlier(watch.clocks.bound(due))
        let count = nfds_t(watch.descriptors.count)
        while true {
            let left = bound.remaining.map { CInt(min(($0 + 999_999) / 1_000_000, 1 << 30)) } ?? -1
            let found = watch.descriptors.withUnsafeMutableBufferPointer { poll($0.baseAddress, count, left) }
            if found < 0 && stop.isRaised { return .stopped }
            if found < 0 { continue }
            if watch.descriptors[0].revents != 0 { return .stopped }
            if watch.descriptors[1].revents != 0 { fleet.ownerBell.silence() }
            if found > 0 { return .ready }
            guard bound.hasPassed else { continue }
            tendWhenDue()
            return deadline.hasPassed ? .deadlinePassed : .ready
        }
    }
}
