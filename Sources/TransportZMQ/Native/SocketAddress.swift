import Glibc
import MQCore

/// Where a stream socket binds or connects.
struct SocketAddress: Sendable, Equatable {
    let family: CInt
    private let bytes: [UInt8]

    init(family: CInt, bytes: UnsafeRawBufferPointer) { (self.family, self.bytes) = (family, Array(bytes)) }

    /// A Unix socket. `abstract` names have their exact length, as libzmq has them.
    init(unix name: String, isAbstract: Bool = false) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let text = (isAbstract ? [0] : []) + name.rawBytes.prefix(Endpoint.longestPath - (isAbstract ? 1 : 0))
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: text) }
        let length = MemoryLayout<sa_family_t>.size + text.count + (isAbstract ? 0 : 1)
        family = AF_UNIX
        bytes = withUnsafeBytes(of: &address) { Array($0.prefix(length)) }
    }

    /// Every address of this host, both families where IPv6 is on.
    init(anyWith port: UInt16, ipv6: Bool) {
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

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        bytes.withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) }
    }

    /// The port, in both families at the same place.
    var port: UInt16 { bytes.count < 4 || family == AF_UNIX ? 0 : UInt16(bytes[2]) << 8 | UInt16(bytes[3]) }

    /// The same address with another port.
    func with(port: UInt16) -> SocketAddress {
        var changed = bytes
        (changed[2], changed[3]) = (UInt8(port >> 8), UInt8(port & 0xff))
        return changed.withUnsafeBytes { SocketAddress(family: family, bytes: $0) }
    }

    /// The local address of a socket.
    static func local(of descriptor: CInt) -> SocketAddress? {
        withUnsafeTemporaryAllocation(byteCount: MemoryLayout<sockaddr_storage>.size, alignment: 8) { buffer in
            var length = socklen_t(buffer.count)
            let place = buffer.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            guard getsockname(descriptor, place, &length) == 0 else { return nil }
            return SocketAddress(family: CInt(place.pointee.sa_family), bytes: UnsafeRawBufferPointer(rebasing: buffer[..<Int(length)]))
        }
    }

    /// The address of a network interface, by its name.
    static func ofInterface(_ name: String, port: UInt16, ipv6: Bool) -> SocketAddress? {
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
}
