import Glibc
import Synchronization

/// A host name that a thread of its own looks up, with a descriptor to poll: getaddrinfo(3) cannot be interrupted and may take many
/// seconds.
public final class HostLookup: Sendable {
    private let value = Mutex<Result<[SocketAddress], TransportError>>(.success([]))
    private let bell = Bell()

    /// Begins to look up `host`.
    /// - Parameters:
    ///   - onlyConfigured: leaves out a family of addresses that this host has no address of (`AI_ADDRCONFIG`).
    ///   - hint: what an error adds of how to go on.
    /// - Throws: `failure` when there is no thread to be had.
    public init(_ host: String, port: UInt16, onlyConfigured: Bool = false, hint: String = "is the name right?") throws(TransportError) {
        try BackgroundThread.start("mq-lookup", blockingSignals: true) { [self] in
            let found = Self.lookUp(host, port, onlyConfigured ? AI_ADDRCONFIG : 0, hint)
            value.withLock { $0 = found }
            bell.ring()
        }
    }

    /// Readable once there is a result.
    public var descriptor: CInt { bell.descriptor }
    /// The addresses, or `unreachable` for a name that is not known; no address before `descriptor` is readable.
    public var result: Result<[SocketAddress], TransportError> { value.withLock { $0 } }

    /// Every address of a host, waited for.
    /// - Throws: `unreachable` when the name is not known; `tryAgain` when that did not come out in time; `failure` as `init`.
    public static func addresses(
        of host: String, port: UInt16, onlyConfigured: Bool = false, hint: String = "is the name right?", until deadline: Deadline,
        stop: StopFlag
    ) throws(TransportError) -> [SocketAddress] {
        // A number needs no server, and no thread.
        if let address = numeric(host, port: port) { return [address] }
        let lookup = try HostLookup(host, port: port, onlyConfigured: onlyConfigured, hint: hint)
        switch Readiness.wait(for: Int32(POLLIN), on: lookup.descriptor, until: deadline, stop: stop) {
        case .ready: return try lookup.result.get()
        case .stopped: throw TransportError(.tryAgain, "interrupted while looking up host '\(host)'")
        case .deadlinePassed: throw TransportError(.tryAgain, "host '\(host)' could not be looked up in time", isRetriable: true)
        }
    }

    /// The address that a number of IPv4 or IPv6 (without brackets) is; `nil` for a name.
    public static func numeric(_ host: String, port: UInt16) -> SocketAddress? {
        guard case .success(let found) = lookUp(host, port, AI_NUMERICHOST, "") else { return nil }
        return found.first
    }

    private static func lookUp(_ host: String, _ port: UInt16, _ flags: CInt, _ hint: String) -> Result<[SocketAddress], TransportError> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else {
            let words = String(cString: gai_strerror(result))
            return .failure(
                TransportError(
                    .unreachable, "host '\(host)' cannot be resolved: \(words)", hint: hint, isRetriable: result == EAI_AGAIN))
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
}
