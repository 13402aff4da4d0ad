import Glibc
import MQCore
import Synchronization
import ZMTP

/// Every connection of one socket of the native engine, with one epoll set for all of them and for the stop flag.
///
/// The owner holds `gate` during each of its calls, its waits included; while it is away an attendant takes it for moments.
final class Fleet: @unchecked Sendable {
    // Unchecked: all of it is used by the thread that holds `gate` only, but for what is atomic or never changes.
    let settings: NativeSettings
    let notices: Notices
    let gate = Gate()
    let pool = BlockPool()
    weak var owner: (any FleetOwner)?
    private var registry: Registry
    private var events: [EventSet.Event] = []
    private var listeners: [Listener] = []
    private var dialers: [Dialer] = []
    /// Every connection, in the order in which they came; those whose handshake is done; handshakes that succeeded so far.
    private(set) var peers: [Peer] = []
    private(set) var ready: [Peer] = []
    private(set) var handshakes = 0
    var troubles: Troubles
    /// When something is due at the earliest; earlier than that does no harm.
    private var due = UInt64.max
    private(set) var isClosed = false
    /// How often the owner has been here, and what its attendant wants to know of it.
    let visits = Atomic<UInt64>(0)
    let attendantSleeps = Atomic<Bool>(false)
    let isUrgent = Atomic<Bool>(false)
    let bell = Bell()
    var spin = Spin.brief
    private var hasWarnedOfDescriptors = false

    /// How long a peer may take to see the end of what we say to it last.
    static let farewell = Duration.milliseconds(200)

    /// Binds and begins to connect.
    /// - Throws: `usage`, `cannotCreate`, `permission`, `unreachable`, `failure`.
    init(_ type: SocketType, endpoints: [Endpoint], settings base: Settings, opening: Opening) throws(TransportError) {
        try SpareResources.require(descriptors: 4 + endpoints.count, bytes: 9 << 20, for: "zmq")
        notices = opening.notices
        var ipv6 = base.ipv6 ?? false
        for endpoint in endpoints where base.ipv6 == nil && endpoint.isIPv6Literal { ipv6 = true }
        settings = try NativeSettings(base, ipv6: ipv6, opening)
        troubles = Troubles(type, base.security.mechanism, opening)
        registry = try Registry()
        var addresses: [[SocketAddress]] = []
        for endpoint in endpoints where !endpoint.binds { addresses.append(try endpoint.addresses(ipv6: ipv6, opening)) }
        for endpoint in endpoints where endpoint.binds {
            let listener = try Listener(endpoint, settings)
            listeners.append(listener)
            listener.token = registry.add(.listener(listener), listener.descriptor, Int32(POLLIN) | StreamSocket.edges)
            notices(.listening(listener.name))
        }
        for (endpoint, addresses) in zip(endpoints.filter { !$0.binds }, addresses) {
            dialers.append(Dialer(endpoint, addresses: addresses, settings))
        }
        if !dialers.isEmpty { due = 0 }
    }

    deinit { close() }

    // MARK: - The owner's calls

    func enter() { gate.lock() }

    /// - Parameters:
    ///   - isUrgent: whether something waits to be written.
    ///   - hasWorked: whether that was a call in which the owner looked after its connections itself.
    func leave(isUrgent: Bool = false, hasWorked: Bool = true) {
        if isUrgent != self.isUrgent.load(ordering: .relaxed) { self.isUrgent.store(isUrgent, ordering: .relaxed) }
        if hasWorked { visits.add(1, ordering: .relaxed) }
        gate.unlock()
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if attendantSleeps.load(ordering: .relaxed) { bell.ring() }
    }

    /// The set, for the attendant to poll.
    var descriptor: CInt { registry.descriptor }
    /// When something is due at the earliest.
    var nextDuty: Deadline { Deadline(nanoseconds: due) }

    /// Takes what the kernel has to tell, waits for it until the deadline or the flag, and does what is due.
    @discardableResult
    func turn(until deadline: Deadline, stop flag: StopFlag? = nil) -> Readiness {
        if let flag, flag !== registry.stop { registry.attach(flag) }
        // It stays readable, and would wake an attendant for ever.
        if flag == nil, registry.stop?.isRaised == true { registry.detachStop() }
        if due <= Deadline.now() { tick() }
        events.removeAll(keepingCapacity: true)
        registry.wait(until: deadline.earlier(nextDuty), into: &events)
        for event in events { tell(event) }
        if due <= Deadline.now() { tick() }
        if let flag, flag.isRaised { return .stopped }
        return events.isEmpty && deadline.hasPassed ? .deadlinePassed : .ready
    }

    /// Waits no more for the flag, which stays raised.
    func detachStop() { registry.detachStop() }

    // MARK: - Events

    private func tell(_ event: EventSet.Event) {
        switch registry[event] {
        case nil: return
        case .listener(let listener): accept(listener)
        case .lookup(let dialer):
            registry.remove(dialer.token, dialer.lookup?.descriptor)
            dialer.takeLookup(ipv6: settings.ipv6)
            dialer.due = 0
            due = 0
        case .attempt(let dialer):
            registry.remove(dialer.token, dialer.attempt?.descriptor)
            let now = Deadline.now()
            if let (descriptor, family) = dialer.finish() {
                begin(descriptor, family, endpoint: dialer.endpoint.text, dialer: dialer, at: now)
            } else {
                retry(dialer, at: now)
            }
        case .peer(let peer):
            if event.flags & Int32(POLLOUT) != 0 { peer.mayWrite = true }
            if event.flags & (StreamSocket.hangUp | Int32(POLLHUP) | Int32(POLLERR)) != 0 { peer.hasHungUp = true }
            if event.flags & ~Int32(POLLOUT) != 0 { peer.mayRead = true }
            if peer.greeted == nil { return shake(peer) }
            if peer.mayWrite && !peer.output.isWritten { write(peer) }
            if peer.mayRead { owner?.readable(peer) }
        }
    }

    /// Does what is due.
    private func tick() {
        let now = Deadline.now()
        due = .max
        for dialer in dialers {
            if let attempt = dialer.attempt, attempt.end <= now {
                registry.remove(dialer.token, attempt.descriptor)
                dialer.cancel()
                retry(dialer, at: now)
            }
            if dialer.due <= now { dial(dialer, at: now) }
            due = min(due, dialer.due, dialer.attempt?.end ?? .max)
        }
        for listener in listeners where listener.due <= now {
            listener.due = .max
            accept(listener)
        }
        for listener in listeners { due = min(due, listener.due) }
        for peer in peers {
            // What came in time may not be read yet.
            if peer.session.due <= now && peer.greeted == nil { hear(peer) }
            if peer.session.due <= now {
                let actions = peer.session.timePassed(now, messages: peer.output.given)
                act(peer, actions, at: now)
                if peer.greeted != nil { write(peer) }
            }
            due = min(due, peer.session.due)
        }
    }

    // MARK: - Connections

    private func dial(_ dialer: Dialer, at now: UInt64) {
        switch dialer.dial(at: now, settings) {
        case .connected(let descriptor, let family):
            begin(descriptor, family, endpoint: dialer.endpoint.text, dialer: dialer, at: now)
        case .underWay(let descriptor): dialer.token = registry.add(.attempt(dialer), descriptor, Int32(POLLOUT) | StreamSocket.edges)
        case .lookingUp(let descriptor): dialer.token = registry.add(.lookup(dialer), descriptor, Int32(POLLIN))
        case .failed: retry(dialer, at: now)
        }
    }

    private func retry(_ dialer: Dialer, at now: UInt64) {
        if let event = dialer.absence(at: now) { notices(.connection(event)) }
        dialer.again(at: now)
        due = min(due, dialer.due)
    }

    private func accept(_ listener: Listener) {
        let now = Deadline.now()
        // Who talks with one peer leaves the others where they wait.
        while !(settings.role == .pair && !peers.isEmpty) {
            guard makeRoom(at: now) else {
                listener.due = now + Self.pauseWhenFull
                break
            }
            guard let descriptor = listener.accept(at: now, settings.admission) else {
                if listener.due != .max, !hasWarnedOfDescriptors {
                    hasWarnedOfDescriptors = true
                    notices.warn("too many open files: connections to \(listener.name) wait (ulimit -n raises the limit)")
                }
                break
            }
            begin(descriptor, listener.name.hasPrefix("ipc") ? AF_UNIX : AF_INET, endpoint: listener.name, dialer: nil, at: now)
        }
        due = min(due, listener.due)
    }

    private func begin(_ descriptor: CInt, _ family: CInt, endpoint: String, dialer: Dialer?, at now: UInt64) {
        settings.tune(descriptor, family)
        let peer = Peer(
            descriptor, endpoint: endpoint, dialer: dialer, session: settings.session(at: now), scanner: settings.scanner, pool: pool,
            at: now)
        peers.append(peer)
        peer.token = registry.add(.peer(peer), descriptor, StreamSocket.interest)
        peer.output.give(preamble: peer.session.start())
        due = min(due, peer.session.due)
        _ = peer.write()
    }

    /// Gives what was read to the session, as far as that takes it.
    func obey(_ peer: Peer, at now: UInt64 = Deadline.now()) {
        let (consumed, actions) = peer.session.received(peer.input.unread, at: now)
        peer.input.consume(consumed)
        act(peer, actions, at: now)
        due = min(due, peer.session.due)
    }

    private func act(_ peer: Peer, _ actions: [Session.Action], at now: UInt64) {
        for action in actions {
            if peer.isGone { return }
            switch action {
            case .send(let bytes):
                peer.output.give(command: bytes)
                write(peer)
            case .pong(let bytes):
                peer.pong = bytes
                write(peer)
            case .ready(let who):
                peer.greeted = who
                handshakes += 1
                ready.append(peer)
                peer.dialer?.succeeded()
                troubles.overcome(peer.endpoint)
                notices(.connection(peer.event(.connected, "connected with a peer at \(peer.endpoint)")))
                owner?.greeted(peer)
            case .failed(let failure): fail(peer, failure, at: now)
            default: owner?.heard(peer, action)
            }
        }
    }

    /// A session has been asked for something that may be due.
    func note(_ peer: Peer) { due = min(due, peer.session.due) }

    /// Lets a connection go; one that we made is made again.
    func remove(_ peer: Peer) {
        guard !peer.isGone else { return }
        peer.isGone = true
        registry.remove(peer.token, peer.descriptor)
        Glibc.close(peer.descriptor)
        peers.removeAll { $0 === peer }
        ready.removeAll { $0 === peer }
        if let dialer = peer.dialer, !isClosed {
            dialer.again(at: Deadline.now())
            due = min(due, dialer.due)
        }
        if peer.greeted != nil {
            notices(.connection(peer.event(.disconnected, "peer at \(peer.endpoint) disconnected")))
            owner?.lost(peer)
        }
        // One that waits for a place may have it now.
        if settings.role == .pair { for listener in listeners where !isClosed { accept(listener) } }
    }

    /// Where nobody is found now, and why; `nil` where peers may come to us.
    var vacancy: String? {
        ready.isEmpty && listeners.isEmpty ? Absence.words(dialers) { ($0.endpoint.text, $0.failure) } : nil
    }
    /// The same where nobody ever was.
    var absence: String? { handshakes == 0 ? vacancy : nil }

    // MARK: - The end

    /// Takes no more connections.
    func closeListeners() {
        for listener in listeners { listener.end() }
        for listener in listeners { registry.remove(listener.token) }
        listeners = []
    }

    /// Ends everything at once, for an owner that goes away.
    func end() {
        enter()
        close()
        leave()
    }

    /// The same where the owner holds the gate, or is the last to use the fleet.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        closeListeners()
        for dialer in dialers { dialer.cancel() }
        dialers = []
        owner = nil
        for peer in peers { remove(peer) }
        registry.removeAll()
        bell.ring()
    }
}
