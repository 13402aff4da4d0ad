import CZMQ
import Glibc
import MQCore

/// One open socket with its context, its monitor and the files it bound. Used by one thread.
///
/// Waiting is done in poll(2) over the descriptors of the socket, the monitor and the stop flag, after a call that was
/// refused: libzmq's descriptors are edge-triggered, and a refused receive or a read of ZMQ_EVENTS has emptied them. That
/// is one system call, where zmq_poll takes several, and it also works for an XPUB, which claims to be writable always.
final class Wire {
    let library: Library
    let type: SocketType
    /// For hot loops, which call libzmq without a detour. Valid until `finish` or `close`.
    let pointer: UnsafeMutableRawPointer
    let notices: Notices
    private let security: Security.Mechanism
    private let stop: StopFlag
    /// What a look at an endpoint found, once each.
    private var looks: [String: Sighting] = [:]
    /// Where we connect to.
    let dialed: [Endpoint]
    /// Between threads there are no connections: nothing for the monitor to tell, and nothing in a kernel to wait for.
    let isInproc: Bool
    /// Whether peers may come to us.
    private let mayBeVisited: Bool
    // Ended in this order: a context waits for its sockets.
    var monitor: Monitor?
    var socket: Socket?
    var context: Context?
    private let socketDescriptor: CInt
    let monitorDescriptor: CInt
    private var paths: [IPCPath] = []
    private var nextGlance: UInt64 = 0

    /// Opens a socket, sets its options, binds and connects it.
    /// - Throws: `usage`, `cannotCreate`, `permission`, `unreachable`, `configuration`.
    init(_ type: SocketType, endpoints: [Endpoint], settings: Settings, opening: Opening) throws(TransportError) {
        self.type = type
        (notices, stop, security) = (opening.notices, opening.stop, settings.security.mechanism)
        var needsIPv6 = settings.ipv6 ?? false
        isInproc = endpoints.contains { $0.medium == .inproc }
        dialed = endpoints.filter { !$0.binds }
        mayBeVisited = dialed.count < endpoints.count
        for endpoint in endpoints {
            try endpoint.check(opening)
            switch endpoint.medium {
            case .tcp(_, let host, _) where !endpoint.binds:
                let families = try Resolver.families(of: host, until: opening.deadline, stop: opening.stop)
                if settings.ipv6 == nil && families == .onlyIPv6 { needsIPv6 = true }
            case .ipc(let path) where !endpoint.binds: try IPCPath.checkConnect(path)
            default: break
            }
            if settings.ipv6 == nil && endpoint.isIPv6Literal { needsIPv6 = true }
        }
        // Threads meet in one context; everybody else has one of its own, which ends with it.
        let context = try isInproc ? Context(sharedWithThreads: settings.threads) : Context(threads: settings.threads)
        library = context.library
        // The first socket of a context starts its threads, not zmq_ctx_new. libzmq 4.3.4 may lose a command to a signal.
        let socket = try BackgroundThread.blockingSignals { () throws(TransportError) in try Socket(type.inner, in: context) }
        pointer = socket.pointer
        let monitor = try Monitor(of: socket, in: context, notices: notices)
        (socketDescriptor, monitorDescriptor) = (socket.descriptor, monitor.descriptor)
        if needsIPv6 { try socket.set(ZMQ_IPV6, CInt(1)) }
        try settings.apply(to: socket)
        try settings.security.apply(to: socket, context: context, opening)
        self.context = consume context
        self.socket = consume socket
        self.monitor = consume monitor
        for endpoint in endpoints where endpoint.binds { try bind(endpoint) }
        for endpoint in endpoints where !endpoint.binds {
            if type == .stream { try name(endpoint, settings) }
            let result = czmq_connect(library.api, pointer, endpoint.text.rawCString)
            if result < 0 { throw library.error(-result, "connecting to \(endpoint.text)") }
        }
    }

    deinit { close() }

    /// What connects has the name of its endpoint, unless it is given another.
    private func name(_ endpoint: Endpoint, _ settings: Settings) throws(TransportError) {
        if settings.options.has("connect-routing-id") { return }
        try socket?.set(ZMQ_CONNECT_ROUTING_ID, Array(endpoint.text.rawBytes.prefix(255)))
    }

    private func bind(_ endpoint: Endpoint) throws(TransportError) {
        var path: IPCPath?
        if case .ipc(let name) = endpoint.medium { path = try IPCPath(preparing: name) }
        let result = czmq_bind(library.api, pointer, endpoint.text.rawCString)
        if result < 0 { throw library.error(-result, "binding \(endpoint.text)") }
        if var path {
            path.bound()
            paths.append(path)
        }
        notices(.listening(socket?.lastEndpoint ?? endpoint.text))
    }

    // MARK: - Waiting

    /// Peers that speak with us now.
    var established: Int { monitor?.peers.established ?? 0 }
    /// Handshakes that succeeded so far.
    var handshakes: Int { monitor?.peers.handshakes ?? 0 }

    /// Takes what the monitor has to tell.
    func drainMonitor() { monitor?.drain() }

    /// The same where a wait has told of something, or where that was done more than a millisecond ago: a peer that goes within it might
    /// as well go a moment after the look.
    func glanceAtMonitor() {
        let now = Deadline.now()
        if now < nextGlance { return }
        nextGlance = now + 1_000_000
        drainMonitor()
    }

    /// Has libzmq do its housekeeping and tells what the socket is ready for. To be followed by one more try before `block`.
    func refresh() -> CInt {
        drainMonitor()
        return socket?.events ?? 0
    }

    /// As `refresh`, but with no more than a glance at the monitor.
    func look() -> CInt {
        glanceAtMonitor()
        return socket?.events ?? 0
    }

    /// Waits until something happened at the socket or the monitor, which may be nothing of use: try again.
    func block(until deadline: Deadline, stop: StopFlag) -> Readiness {
        sayFailures()
        defer { nextGlance = 0 }
        return Self.poll(socketDescriptor, monitorDescriptor, until: deadline, stop: stop)
    }

    /// The same for two sockets.
    static func block(_ first: Wire, _ second: Wire, until deadline: Deadline, stop: StopFlag) {
        var set: [pollfd] = []
        for wire in [first, second] {
            wire.sayFailures()
            for descriptor in [wire.socketDescriptor, wire.monitorDescriptor] {
                set.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
            }
        }
        set.append(pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0))
        if !stop.isRaised { _ = Glibc.poll(&set, nfds_t(set.count), deadline.pollMilliseconds) }
        if set[1].revents != 0 { first.nextGlance = 0 }
        if set[3].revents != 0 { second.nextGlance = 0 }
    }

    private func sayFailures() {
        if let due = monitor?.takeLooksDue(), !due.isEmpty {
            for endpoint in due {
                guard let failure = monitor?.peers.failures[endpoint] else { continue }
                notices(.connection(ConnectionEvent(.failed, at: endpoint, isWarning: true, error(failure, at: endpoint).sentence)))
            }
        }
        for endpoint in monitor?.takeLongAlone() ?? [] {
            let number = (try? Endpoint(endpoint)).flatMap { Sighting.error(at: $0, stop: stop) }
            notices(.connection(Absence.event(endpoint, number, isLong: true)))
        }
    }

    static func poll(_ first: CInt, _ second: CInt, until deadline: Deadline, stop: StopFlag) -> Readiness {
        if stop.isRaised { return .stopped }
        var set = (
            pollfd(fd: first, events: Int16(POLLIN), revents: 0), pollfd(fd: second, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
        )
        let left = deadline.pollMilliseconds
        let found = withUnsafeMutablePointer(to: &set) { $0.withMemoryRebound(to: pollfd.self, capacity: 3) { Glibc.poll($0, 3, left) } }
        if set.2.revents != 0 || stop.isRaised { return .stopped }
        return found == 0 && deadline.hasPassed ? .deadlinePassed : .ready
    }

    // MARK: - Why nobody is there

    /// Why nobody speaks with us though somebody accepted; `nil` while a peer does, or where nobody accepted.
    var failure: TransportError? {
        guard handshakes == 0, let peers = monitor?.peers else { return nil }
        if let (endpoint, failure) = peers.failures.min(by: { $0.key < $1.key }) { return error(failure, at: endpoint) }
        // libzmq gives a silent peer three seconds; who looks sooner sees the same.
        for endpoint in peers.unanswered {
            switch look(at: endpoint) {
            case .silent, .foreign: return error(HandshakeFailure(kind: .other), at: endpoint)
            case .nobody, .closes, .zmtp: continue
            }
        }
        return nil
    }

    /// Where nobody is found now, and why, by a look at each; `nil` where peers may come to us, and where that cannot be seen.
    var vacancy: String? {
        drainMonitor()
        guard established == 0, !mayBeVisited, dialed.allSatisfy(\.isStream) else { return nil }
        return Absence.words(dialed) { ($0.text, Sighting.error(at: $0, stop: stop)) }
    }
    /// The same where nobody ever was.
    var absence: String? {
        drainMonitor()
        return handshakes == 0 ? vacancy : nil
    }

    private func error(_ failure: HandshakeFailure, at endpoint: String) -> TransportError {
        failure.error(at: endpoint, for: type, security, failure.needsLook ? look(at: endpoint) : .nobody)
    }

    private func look(at endpoint: String) -> Sighting {
        if let known = looks[endpoint] { return known }
        let found = Sighting.look(at: endpoint, stop: stop)
        if !stop.isRaised { looks[endpoint] = found }
        return found
    }

    // MARK: - Settings that change on the way

    func set(_ option: CInt, _ value: CInt) { try? socket?.set(option, value) }

    /// Closes at once; what was not sent is dropped.
    func close() {
        socket = nil
        monitor = nil
        context = nil
        removeFiles()
    }

    func removeFiles() {
        for path in paths { path.remove() }
        paths = []
    }
}
