import Glibc

/// Where a stream socket binds or connects: an address of IPv4, IPv6 or a Unix socket, as the kernel takes it.
public struct SocketAddress: Sendable, Equatable {
    /// `AF_INET`, `AF_INET6` or `AF_UNIX`.
    public let family: CInt
    private let bytes: [UInt8]

    /// The longest path of a Unix socket in bytes: `sun_path` less its NUL (unix(7)).
    public static let longestPath = 107

    init(family: CInt, bytes: UnsafeRawBufferPointer) { (self.family, self.bytes) = (family, Array(bytes)) }

    /// A Unix socket: a path, or a name of Linux's abstract namespace, which counts with its exact length (unix(7)).
    /// - Returns: `nil` for an empty name and one that is too long.
    public init?(unix name: String, isAbstract: Bool = false) {
        let text = (isAbstract ? [0] : []) + name.rawBytes
        guard !name.isEmpty, text.count <= Self.longestPath else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: text) }
        let length = MemoryLayout<sa_family_t>.size + text.count + (isAbstract ? 0 : 1)
        family = AF_UNIX
        bytes = withUnsafeBytes(of: &address) { Array($0.prefix(length)) }
    }

    /// Every address of this host, for a bind; with `ipv6` those of both families.
    public init(anyWith port: UInt16, ipv6: Bool) {
        if ipv6 {
            var address = sockaddr_in6()
            (address.sin6_family, address.sin6_port) = (sa_family_t(AF_INET6), port.bigEndian)
            (family, bytes) = (AF_INET6, withUnsafeBytes(of: &address) { Array($0) })
        } else {
            var address = sockaddr_in()
            (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
            (family, bytes) = (AF_INET, withUnsafeBytes(of: &address) { Array($0) })
        }
    }

    /// The port, in both families of IP at the same place; 0 for a Unix socket.
    public var port: UInt16 { bytes.count < 4 || family == AF_UNIX ? 0 : UInt16(bytes[2]) << 8 | UInt16(bytes[3]) }

    private func with(port: UInt16) -> SocketAddress {
        var changed = bytes
        (changed[2], changed[3]) = (UInt8(port >> 8), UInt8(port & 0xff))
        return changed.withUnsafeBytes { SocketAddress(family: family, bytes: $0) }
    }

    /// The local address of a socket; `nil` for a descriptor that is no socket.
    public static func local(of descriptor: CInt) -> SocketAddress? { named { getsockname(descriptor, $0, $1) } }

    private static func remote(of descriptor: CInt) -> SocketAddress? { named { getpeername(descriptor, $0, $1) } }

    /// Whether both ends of a connection have one and the same address of IP, and so are on one host.
    public static func isWithinHost(_ descriptor: CInt) -> Bool {
        guard let ours = local(of: descriptor)?.host, let theirs = remote(of: descriptor)?.host else { return false }
        return ours == theirs
    }

    /// The bytes of the IP address, by the layouts of ip(7) and ipv6(7); `nil` for a Unix socket.
    private var host: ArraySlice<UInt8>? {
        switch family {
        case AF_INET: bytes.dropFirst(4).prefix(4)
        case AF_INET6: bytes.dropFirst(8).prefix(16)
        default: nil
        }
    }

    private static func named(_ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt) -> SocketAddress? {
        withUnsafeTemporaryAllocation(byteCount: MemoryLayout<sockaddr_storage>.size, alignment: 8) { buffer in
            var length = socklen_t(buffer.count)
            let place = buffer.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            guard ask(place, &length) == 0 else { return nil }
            return SocketAddress(family: CInt(place.pointee.sa_family), bytes: UnsafeRawBufferPointer(rebasing: buffer[..<Int(length)]))
        }
    }

    /// The address of the other end of a connection, as it is written in an endpoint: `10.0.0.3:53124`, `[::1]:53124`.
    /// - Returns: `nil` where there is none: for a Unix socket, or a connection that is gone.
    public static func peer(of descriptor: CInt) -> String? {
        guard let address = remote(of: descriptor), address.family != AF_UNIX else { return nil }
        var (host, port) = ([CChar](repeating: 0, count: 64), [CChar](repeating: 0, count: 8))
        let flags = NI_NUMERICHOST | NI_NUMERICSERV
        let result = address.withPointer { getnameinfo($0, $1, &host, socklen_t(host.count), &port, socklen_t(port.count), flags) }
        guard result == 0 else { return nil }
        let name = host.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        let number = port.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        // A client of IPv4 at a socket of both families.
        if name.hasPrefix("::ffff:"), name.contains(".") { return "\(name.dropFirst(7)):\(number)" }
        return name.contains(":") ? "[\(name)]:\(number)" : "\(name):\(number)"
    }

    /// The address of a network interface of this host, such as `eth0`; one of IPv6 only where `ipv6` allows it.
    public static func ofInterface(_ name: String, port: UInt16, ipv6: Bool) -> SocketAddress? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        var place = list
        while let entry = place?.pointee {
            defer { place = entry.ifa_next }
            guard String(cString: entry.ifa_name) == name, let address = entry.ifa_addr else { continue }
            let family = CInt(address.pointee.sa_family)
            guard family == AF_INET || (family == AF_INET6 && ipv6) else { continue }
            let size = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            return SocketAddress(family: family, bytes: UnsafeRawBufferPointer(start: address, count: size)).with(port: port)
        }
        return nil
    }

    // MARK: - Sockets

    /// A new stream socket of this family that does not block and that no child inherits.
    /// - Returns: its descriptor, or -1 with `errno` set.
    public func socket() -> CInt {
        Glibc.socket(family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    }

    /// Binds a socket to this address.
    /// - Returns: 0, or the error number.
    public func bind(_ descriptor: CInt) -> CInt { withPointer { Glibc.bind(descriptor, $0, $1) } == 0 ? 0 : errno }

    /// Begins to connect a socket.
    /// - Returns: 0 when the connection stands, `EINPROGRESS` while it is under way, or the error number.
    public func connect(_ descriptor: CInt) -> CInt {
        // After a signal a socket that does not block goes on connecting (connect(2)).
        let number = withPointer { Glibc.connect(descriptor, $0, $1) } == 0 ? 0 : errno
        return number == EINTR ? EINPROGRESS : number
    }

    /// Connects a socket and waits for the outcome.
    /// - Returns: 0, or the error number: `ETIMEDOUT` when the deadline passes first, `EINTR` when the flag is raised.
    public func connect(_ descriptor: CInt, until deadline: Deadline, stop: StopFlag) -> CInt {
        let number = connect(descriptor)
        guard number == EINPROGRESS else { return number }
        switch Readiness.wait(for: Int32(POLLOUT), on: descriptor, until: deadline, stop: stop) {
        case .ready: return Self.pendingError(descriptor)
        case .deadlinePassed: return ETIMEDOUT
        case .stopped: return EINTR
        }
    }

    /// Sends one datagram to this address, if it can go at once.
    /// - Returns: whether the kernel took it.
    @discardableResult
    public func send(_ datagram: [UInt8], from descriptor: CInt) -> Bool {
        withPointer { sendto(descriptor, datagram, datagram.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT), $0, $1) } == datagram.count
    }

    /// The error that a socket has for us, such as that of a connection that was under way; 0 is none.
    public static func pendingError(_ descriptor: CInt) -> CInt {
        var error: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : 0
    }

    private func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        bytes.withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) }
    }
}
