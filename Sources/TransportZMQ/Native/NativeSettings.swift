import Glibc
import MQCore
import ZMTP

/// The options of an address, as the native engine takes them.
struct NativeSettings: Sendable {
    let role: Role
    let purpose: Settings.Purpose
    let mechanism: Session.Mechanism
    let options: OptionValues
    let ipv6: Bool
    let handshake: UInt64?
    let connectTimeout: UInt64?
    let reconnect: (first: UInt64, longest: UInt64)
    let liveness: Liveness.Settings
    let largestMessage: Int
    let topics: [[UInt8]]
    let isInverted: Bool
    let admission: Admission
    /// What the kernel may hold of one who sends over ipc, in bytes.
    private let localBuffer: Int

    /// - Throws: `usage`.
    init(_ settings: Settings, ipv6: Bool, _ opening: Opening) throws(TransportError) {
        options = settings.options
        admission = try Admission(options, opening.notices)
        let mark = options.integer("send-hwm") ?? options.integer("hwm") ?? 0
        let isSparing = (1...Self.sparing.mark).contains(mark)
        localBuffer = options.bytes("send-buffer") ?? (isSparing ? Self.sparing.bytes : Self.roomy)
        self.ipv6 = ipv6
        guard let role = Role(rawValue: settings.type.rawValue) else { preconditionFailure("both lists have the same words") }
        // A publisher is an XPUB inside for libzmq; to its subscribers it is the same.
        (self.role, purpose) = (role, settings.purpose)
        mechanism = settings.security.nativeMechanism(opening)
        let time = { (key: String) -> UInt64? in settings.options.duration(key).map { max(1, $0.nanoseconds) } }
        handshake = options.duration("handshake").map { $0 == .zero ? nil : $0.nanoseconds } ?? 3_000_000_000
        connectTimeout = options.duration("connect-timeout").flatMap { $0 == .zero ? nil : $0.nanoseconds }
        reconnect = (time("reconnect") ?? 100_000_000, time("reconnect-max") ?? 0)
        liveness = Liveness.Settings(
            interval: options.duration("heartbeat")?.nanoseconds ?? 0, timeout: options.duration("heartbeat-timeout")?.nanoseconds,
            timeToLive: UInt16(clamping: (options.duration("heartbeat-ttl")?.nanoseconds ?? 0) / 100_000_000))
        largestMessage = options.bytes("max-message") ?? .max
        let texts = options.texts("subscribe")
        topics = settings.type.subscribes ? (texts.isEmpty ? [[]] : texts.map { $0.rawBytes }) : []
        isInverted = options.flag("invert-matching") ?? false
    }

    private var isOfRequests: Bool { purpose == .request || purpose == .serve || purpose == .relay }

    /// For one who is to have little under way: six short messages instead of hundreds.
    private static let sparing = (mark: 10, bytes: 4608)
    /// Twice the system's own, as far as the system allows: the sender sleeps a tenth as often.
    private static let roomy = 425_984
    /// Over tcp within one host, where nothing is gained by more under way than the cache holds: the kernel would let the buffer grow to
    /// mebibytes.
    private static let cached = 128 << 10

    func session(at now: UInt64) -> Session {
        var settings = Session.Settings(role)
        settings.mechanism = mechanism
        settings.identity = options.text("identity")?.rawBytes ?? []
        settings.handshake = handshake
        settings.liveness = liveness
        // Whoever makes or answers requests leaves without counting what was kept.
        settings.countsKept = [.push, .pull, .pair].contains(role) || (!isOfRequests && [.dealer, .router].contains(role))
        settings.handsMessagesOver = role == .xpub && (purpose == .receive || purpose == .relay)
        return Session(settings, at: now)
    }

    var scanner: FrameScanner {
        FrameScanner(largest: largestMessage, topics: role.subscribes ? topics : [], isInverted: isInverted)
    }

    /// Sets what was asked for on a socket, before it is bound or connected.
    func prepare(_ descriptor: CInt, _ family: CInt) {
        let set = { (level: CInt, name: CInt, value: Int) in StreamSocket.set(level, name, value, on: descriptor) }
        if let bytes = options.bytes("recv-buffer") { set(SOL_SOCKET, SO_RCVBUF, bytes) }
        guard family != AF_UNIX else { return }
        if let bytes = options.bytes("send-buffer") { set(SOL_SOCKET, SO_SNDBUF, bytes) }
        if let device = options.text("device") {
            setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, device, socklen_t(device.utf8.count))
        }
        if let tos = options.integer("tos") {
            if family == AF_INET6 { set(CInt(IPPROTO_IPV6), IPV6_TCLASS, tos) } else { set(CInt(IPPROTO_IP), IP_TOS, tos) }
        }
        if family == AF_INET6 { set(CInt(IPPROTO_IPV6), IPV6_V6ONLY, ipv6 ? 0 : 1) }
    }

    /// Sets what was asked for on a connection that stands.
    func tune(_ descriptor: CInt, _ family: CInt) {
        // What is accepted over ipc has nothing from the socket that listens.
        guard family != AF_UNIX else { return StreamSocket.set(SOL_SOCKET, SO_SNDBUF, localBuffer, on: descriptor) }
        let set = { (level: Int, name: CInt, value: Int) in StreamSocket.set(CInt(level), name, value, on: descriptor) }
        set(IPPROTO_TCP, TCP_NODELAY, 1)
        if !options.has("send-buffer"), SocketAddress.isWithinHost(descriptor) { set(Int(SOL_SOCKET), SO_SNDBUF, Self.cached) }
        if let keeps = options.flag("keepalive") { set(Int(SOL_SOCKET), SO_KEEPALIVE, keeps ? 1 : 0) }
        let seconds = { (key: String) in options.duration(key).map { Int(clamping: max(1, ($0.nanoseconds + 999_999_999) / 1_000_000_000)) }
        }
        if let idle = seconds("keepalive-idle") { set(IPPROTO_TCP, TCP_KEEPIDLE, idle) }
        if let interval = seconds("keepalive-interval") { set(IPPROTO_TCP, TCP_KEEPINTVL, interval) }
        if let count = options.integer("keepalive-count") { set(IPPROTO_TCP, TCP_KEEPCNT, count) }
        if let longest = options.duration("tcp-maxrt") {
            set(IPPROTO_TCP, TCP_USER_TIMEOUT, Int(clamping: longest.nanoseconds / 1_000_000))
        }
    }
}
