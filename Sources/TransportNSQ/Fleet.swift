internal import Glibc
internal import MQCore

/// The connections of one endpoint, and what goes on with them while the endpoint's owner is elsewhere.
///
/// The owner's thread does all of the work that moves messages. Two threads stand by: the attendant keeps connections alive
/// while the owner is blocked in its input or output, the connector restores what broke and looks for further nsqds.
///
/// `@unchecked Sendable`: every variable is touched only between `lock` and `unlock`, by whichever thread, except
/// `descriptors`, which only the owner's thread touches; all else is constant and `Sendable`.
class Fleet<Member: Link>: @unchecked Sendable {
    /// A peer without a connection.
    struct Absent {
        var peer: Peer
        var next: UInt64
        var pause: Double
        var error: TransportError?
    }

    /// How a connection becomes one of the fleet: a consumer subscribes.
    typealias Admission = @Sendable (Connection, Deadline, StopFlag) throws(TransportError) -> Member

    let settings: ConnectionSettings
    let notices: Notices
    let retry: Duration?
    let discovery: Discovery?
    private let admission: Admission
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let ending = StopFlag()
    private let ownerBell = Bell()
    private let connectorBell = Bell()
    private var descriptors: [pollfd] = []

    var links: [Member] = []
    var absent: [Absent] = []
    /// Whether the owner reads and writes itself just now.
    var ownerIsInside = false
    private var isAttended = false
    private var hasConnector = false
    /// How many connections there must be to go on.
    var needed = 1
    /// Since when there are fewer, and why.
    private var aloneSince: UInt64?
    private(set) var lastError: TransportError?

    static var connectTimeout: Duration { .seconds(5) }

    init(_ settings: ConnectionSettings, discovery: Discovery?, opening: Opening, admission: @escaping Admission) {
        (self.settings, self.discovery, notices, retry) = (settings, discovery, opening.notices, opening.retry)
        self.admission = admission
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func lock() { pthread_mutex_lock(mutex) }
    func unlock() { pthread_mutex_unlock(mutex) }

    /// Ends both threads and every connection.
    func disband() {
        lock()
        links.removeAll()
        absent.removeAll()
        unlock()
        ending.raise()
    }

    // MARK: - Beginning

    /// Connects to the peers, and is content with some of them unless `all` are needed.
    /// - Throws: why there is no connection.
    func connect(to peers: [Peer], all: Bool, until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        lock()
        defer { unlock() }
        for peer in peers {
            do throws(TransportError) {
                links.append(try make(peer, until: deadline, stop: stop))
            } catch {
                lastError = error
                // What is wrong with the request is wrong everywhere.
                if all || stop.isRaised || !error.isRetriable || (peers.count == 1 && discovery?.isPatient != true) { throw error }
                notices.warn("\(error.message); going on without it until it comes back")
                absent.append(Absent(peer: peer, next: Deadline.now() + 1_000_000_000, pause: 1, error: error))
            }
        }
        if links.isEmpty {
            if discovery?.isPatient != true { throw lastError ?? TransportError(.unreachable, "no nsqd") }
            aloneSince = Deadline.now()
        }
        if !absent.isEmpty || discovery != nil { startConnector() }
    }

    private func make(_ peer: Peer, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Member {
        let bound = deadline.earlier(.after(Self.connectTimeout))
        return try admission(try Connection(to: peer, settings, until: bound, stop: stop), bound, stop)
    }

    // MARK: - What the owner does, with the lock held

    /// Takes a broken connection out and has it restored where that is wanted.
    func lose(_ link: Member, _ error: TransportError) {
        links.removeAll { $0 === link }
        lastError = error
        if links.count < needed { aloneSince = aloneSince ?? Deadline.now() }
        let comesBack = retry != nil || discovery != nil || !links.isEmpty || !absent.isEmpty
        guard comesBack else { return }
        notices.warn("\(link.connection.peer.text): \(error.message); \(links.isEmpty ? "trying again" : "going on with the others")")
        absent.append(Absent(peer: link.connection.peer, next: Deadline.now(), pause: 0.05, error: error))
        startConnector()
    }

    /// - Throws: why it is over when too few connections are left and none is coming back in time.
    func requireHope() throws(TransportError) {
        guard links.count < needed else {
            aloneSince = nil
            return
        }
        if let error = absent.lazy.compactMap(\.error).first(where: { !$0.isRetriable && $0.code != .unreachable }) { throw error }
        let error = lastError ?? TransportError(.unreachable, "no nsqd is there", isRetriable: true)
        if let retry {
            if let aloneSince, Deadline.now() - aloneSince > retry.nanoseconds { throw error }
        } else if discovery?.isPatient != true {
            throw error
        }
    }

    /// Waits, without the lock, until one of `wanted` is ready (by link, poll(2) flags; 0 leaves it out), a connection has come, the
    /// deadline passes or the flag is raised.
    func wait(until deadline: Deadline, stop: StopFlag, _ wanted: (Member) -> Int32) -> Readiness {
        if stop.isRaised { return .stopped }
        descriptors.removeAll(keepingCapacity: true)
        descriptors.append(pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0))
        descriptors.append(pollfd(fd: ownerBell.descriptor, events: Int16(POLLIN), revents: 0))
        for link in links {
            let events = wanted(link)
            if events != 0 { descriptors.append(pollfd(fd: link.connection.descriptor, events: Int16(events), revents: 0)) }
        }
        var bound = deadline
        if links.count < needed, let retry, let aloneSince {
            bound = bound.earlier(Deadline(nanoseconds: aloneSince + retry.nanoseconds + 1))
        }
        unlock()
        defer { lock() }
        let count = nfds_t(descriptors.count)
        while true {
            let left = bound.remaining.map { CInt(min(($0 + 999_999) / 1_000_000, 1 << 30)) } ?? -1
            let found = descriptors.withUnsafeMutableBufferPointer { poll($0.baseAddress, count, left) }
            if found < 0 && stop.isRaised { return .stopped }
            if found < 0 { continue }
            if descriptors[0].revents != 0 { return .stopped }
            if descriptors[1].revents != 0 { ownerBell.silence() }
            if found > 0 { return .ready }
            if bound.hasPassed { return deadline.hasPassed ? .deadlinePassed : .ready }
        }
    }

    // MARK: - The attendant

    /// Does what is due for one connection while the owner may be elsewhere, and says when to come again at the latest.
    /// With the lock held; to be overridden.
    func tend(_ link: Member, at now: UInt64) throws(TransportError) -> UInt64 {
        let connection = link.connection
        if now >= connection.lastWrite + connection.heartbeat / 2 {
            // As good an answer as one to a heartbeat that was read.
            try connection.send(Array("NOP\n".utf8))
        }
        try connection.flush()
        if !ownerIsInside { while try connection.receive() {} }
        return now + connection.heartbeat / 4
    }

    /// With the lock held.
    func startAttendant() {
        if isAttended { return }
        isAttended = true
        BackgroundThread.start { [self] in standBy() }
    }

    /// The same, without it.
    func attend() {
        lock()
        startAttendant()
        unlock()
    }

    private func standBy() {
        while !ending.isRaised {
            lock()
            let now = Deadline.now()
            var next = now + 15_000_000_000
            for link in links where link.failure == nil {
                do throws(TransportError) { next = min(next, try tend(link, at: now)) } catch {
                    link.failure = error
                    ownerBell.ring()
                }
            }
            unlock()
            if case .stopped = Readiness.wait(for: 0, on: -1, until: Deadline(nanoseconds: next), stop: ending) { return }
        }
    }

    // MARK: - The connector

    private func startConnector() {
        connectorBell.ring()
        if hasConnector { return }
        hasConnector = true
        BackgroundThread.start { [self] in keepConnected() }
    }

    private func keepConnected() {
        // The first look was at the beginning; where it found nobody, the next is soon.
        var nextLook = discovery.map { Deadline.now() + Self.jittered(isAlone ? min(.seconds(1), $0.interval) : $0.interval) } ?? .max
        while !ending.isRaised {
            if Deadline.now() >= nextLook, let discovery {
                let isUrgent = look(discovery)
                nextLook = Deadline.now() + Self.jittered(isUrgent ? min(.seconds(1), discovery.interval) : discovery.interval)
            }
            lock()
            let due = absent.firstIndex { $0.next <= Deadline.now() }
            let entry = due.map { absent[$0] }
            let next = absent.map(\.next).min() ?? .max
            unlock()
            if let entry {
                attempt(entry)
            } else {
                connectorBell.silence()
                let bound = Deadline(nanoseconds: min(next, nextLook))
                if case .stopped = Readiness.wait(for: Int32(POLLIN), on: connectorBell.descriptor, until: bound, stop: ending) { return }
            }
        }
    }

    private var isAlone: Bool {
        lock()
        defer { unlock() }
        return links.isEmpty && absent.isEmpty
    }

    private static func jittered(_ interval: Duration) -> UInt64 {
        UInt64(Double(interval.nanoseconds) * Double.random(in: 0.7...1.3))
    }

    /// - Returns: whether there is nobody to talk to yet.
    private func look(_ discovery: Discovery) -> Bool {
        do throws(TransportError) {
            let found = try discovery.find(.after(Self.connectTimeout), ending)
            lock()
            defer { unlock() }
            // One that no nsqlookupd knows any more is not looked for; while its connection stands, it is there.
            absent.removeAll { !found.contains($0.peer) }
            let known = Set(links.map(\.connection.peer) + absent.map(\.peer))
            for peer in found where !known.contains(peer) { absent.append(Absent(peer: peer, next: 0, pause: 0.05)) }
            return links.isEmpty && absent.isEmpty
        } catch {
            if !ending.isRaised { notices.detail(error.message) }
            return false
        }
    }

    private func attempt(_ entry: Absent) {
        var entry = entry
        do throws(TransportError) {
            let link = try make(entry.peer, until: .never, stop: ending)
            lock()
            defer { unlock() }
            // Given up in the meantime, or at the end.
            guard !ending.isRaised, absent.contains(where: { $0.peer == entry.peer }) else { return }
            absent.removeAll { $0.peer == entry.peer }
            links.append(link)
            notices.detail("connected to \(entry.peer.text)")
            ownerBell.ring()
        } catch {
            lock()
            defer { unlock() }
            guard let place = absent.firstIndex(where: { $0.peer == entry.peer }) else { return }
            entry.pause = min(entry.pause * 2, 15)
            entry.error = error
            entry.next = Deadline.now() + UInt64(entry.pause * Double.random(in: 0.5...1) * 1e9)
            absent[place] = entry
            if !error.isRetriable { ownerBell.ring() }
        }
    }
}
