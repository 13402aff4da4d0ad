import Glibc
import MQCore
import Synchronization

/// Looks up host names: for libzmq, which would try on in silence for ever, and for our own engine.
enum Resolver {
    enum Families: UInt8, Sendable {
        case onlyIPv6, anyIPv4
    }

    /// - Throws: `unreachable` when the name is not known; `tryAgain` when that did not come out in time.
    static func families(of host: String, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Families {
        if host.contains(":") { return .onlyIPv6 }
        if host == "localhost" || isIPv4(host) { return .anyIPv4 }
        let found = try addresses(of: host, port: 0, ipv6: true, until: deadline, stop: stop)
        return found.contains { $0.family == AF_INET } ? .anyIPv4 : .onlyIPv6
    }

    /// Every address of a host; those of IPv4 first.
    /// - Parameter ipv6: whether addresses of IPv6 are wanted where there are others.
    /// - Throws: as `families`.
    static func addresses(
        of host: String, port: UInt16, ipv6: Bool, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> [SocketAddress] {
        // A number needs no server, and no thread.
        if case .success(let found) = lookUp(host, port, AI_NUMERICHOST) { return found }
        // getaddrinfo cannot be interrupted and may take many seconds, hence a thread that we can stop waiting for.
        let lookup = try Lookup(host, port: port)
        switch Readiness.wait(for: POLLIN, on: lookup.descriptor, until: deadline, stop: stop) {
        case .ready: break
        case .stopped: throw TransportError(.tryAgain, "interrupted while looking up host '\(host)'")
        case .deadlinePassed: throw TransportError(.tryAgain, "host '\(host)' could not be looked up in time", isRetriable: true)
        }
        return chosen(from: try lookup.result.get(), ipv6: ipv6)
    }

    /// Those of IPv6 count where they are wanted, or where there is nothing else.
    static func chosen(from found: [SocketAddress], ipv6: Bool) -> [SocketAddress] {
        let old = found.filter { $0.family == AF_INET }
        return old.isEmpty ? found : ipv6 ? old + found.filter { $0.family != AF_INET } : old
    }

    static func isNumeric(_ host: String) -> Bool { host.contains(":") || isIPv4(host) }

    private static func isIPv4(_ host: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1
    }

    static func lookUp(_ host: String, _ port: UInt16, _ flags: CInt = 0) -> Result<[SocketAddress], TransportError> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else {
            let words = String(cString: gai_strerror(result))
            return .failure(
                TransportError(
                    .unreachable, "host '\(host)' cannot be resolved: \(words)", hint: "is the name right?",
                    isRetriable: result == EAI_AGAIN))
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var place = list
        while let entry = place?.pointee {
            let bytes = UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))
            addresses.append(SocketAddress(family: entry.ai_family, bytes: bytes))
            place = entry.ai_next
        }
        return .success(addresses)
    }

    /// A result that arrives from a thread of its own, with a descriptor to poll.
    final class Lookup: Sendable {
        private let value = Mutex<Result<[SocketAddress], TransportError>>(.success([]))
        private let bell = Bell()

        /// - Throws: `failure` when there is no thread to be had.
        init(_ host: String, port: UInt16) throws(TransportError) {
            try BackgroundThread.start("mq-zmq-lookup", blockingSignals: true) { [self] in
                let found = Resolver.lookUp(host, port)
                value.withLock { $0 = found }
                bell.ring()
            }
        }

        /// Readable once there is a result.
        var descriptor: CInt { bell.descriptor }
        var result: Result<[SocketAddress], TransportError> { value.withLock { $0 } }
    }
}
