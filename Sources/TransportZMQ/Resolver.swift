import Glibc
import MQCore

/// Looks up host names: for libzmq, which would try on in silence for ever, and for our own engine.
enum Resolver {
    enum Families: UInt8, Sendable {
        case onlyIPv6, anyIPv4
    }

    /// - Throws: `unreachable` when the name is not known; `tryAgain` when that did not come out in time.
    static func families(of host: String, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Families {
        if host.contains(":") { return .onlyIPv6 }
        if host == "localhost" { return .anyIPv4 }
        let found = try addresses(of: host, port: 0, ipv6: true, until: deadline, stop: stop)
        return found.contains { $0.family == AF_INET } ? .anyIPv4 : .onlyIPv6
    }

    /// Every address of a host; those of IPv4 first.
    /// - Parameter ipv6: whether addresses of IPv6 are wanted where there are others.
    /// - Throws: as `families`.
    static func addresses(
        of host: String, port: UInt16, ipv6: Bool, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> [SocketAddress] {
        chosen(from: try HostLookup.addresses(of: host, port: port, until: deadline, stop: stop), ipv6: ipv6)
    }

    /// Those of IPv6 count where they are wanted, or where there is nothing else.
    static func chosen(from found: [SocketAddress], ipv6: Bool) -> [SocketAddress] {
        let old = found.filter { $0.family == AF_INET }
        return old.isEmpty ? found : ipv6 ? old + found.filter { $0.family != AF_INET } : old
    }

    static func isNumeric(_ host: String) -> Bool { host.contains(":") || HostLookup.numeric(host, port: 0) != nil }
}
