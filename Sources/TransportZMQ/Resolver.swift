import Glibc
import MQCore
import Synchronization

/// Looks up host names before libzmq does, which would try on in silence for ever.
enum Resolver {
    enum Families: UInt8, Sendable {
        case unknown, onlyIPv6, anyIPv4
    }

    /// - Throws: `unreachable` when the name is not known; `tryAgain` when that did not come out in time.
    static func families(of host: String, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Families {
        if host.contains(":") { return .onlyIPv6 }
        if host == "localhost" || isIPv4(host) { return .anyIPv4 }
        // getaddrinfo cannot be interrupted and may take many seconds, hence a thread that we can stop waiting for.
        let lookup = Lookup()
        try BackgroundThread.start("mq-zmq-lookup", blockingSignals: true) { lookup.finish(Self.lookUp(host)) }
        switch Readiness.wait(for: POLLIN, on: lookup.descriptor, until: deadline, stop: stop) {
        case .ready: break
        case .stopped: throw TransportError(.tryAgain, "interrupted while looking up host '\(host)'")
        case .deadlinePassed: throw TransportError(.tryAgain, "host '\(host)' could not be looked up in time", isRetriable: true)
        }
        switch lookup.result {
        case .success(let families): return families
        case .failure(let error): throw error
        }
    }

    private static func isIPv4(_ host: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1
    }

    private static func lookUp(_ host: String) -> Result<Families, TransportError> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, nil, &hints, &list)
        guard result == 0 else {
            let words = String(cString: gai_strerror(result))
            return .failure(
                TransportError(
                    .unreachable, "host '\(host)' cannot be resolved: \(words)", hint: "is the name right?",
                    isRetriable: result == EAI_AGAIN))
        }
        defer { freeaddrinfo(list) }
        var place = list
        while let entry = place?.pointee {
            if entry.ai_family == AF_INET { return .success(.anyIPv4) }
            place = entry.ai_next
        }
        return .success(.onlyIPv6)
    }

    /// A result that arrives from another thread, with a descriptor to poll.
    private final class Lookup: Sendable {
        private let value = Mutex<Result<Families, TransportError>>(.success(.unknown))
        private let bell = Bell()
        var descriptor: CInt { bell.descriptor }
        var result: Result<Families, TransportError> { value.withLock { $0 } }
        func finish(_ result: Result<Families, TransportError>) {
            value.withLock { $0 = result }
            bell.ring()
        }
    }
}
