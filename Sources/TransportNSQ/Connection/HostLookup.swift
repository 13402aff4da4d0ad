internal import Glibc
internal import MQCore
internal import Synchronization

/// Host names to addresses, without hanging on a name server.
enum HostLookup {
    /// - Throws: `unreachable` when the name is not known; `tryAgain` when that did not come out in time.
    static func addresses(of host: String, port: Int, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [SocketAddress] {
        // A number needs no server, and no thread.
        if case .success(let found) = lookUp(host, port, AI_NUMERICHOST) { return found }
        // getaddrinfo cannot be interrupted and may take many seconds, hence a thread that we can stop waiting for.
        let answer = Answer()
        BackgroundThread.startOrEnd("mq-nsq-lookup") { answer.finish(lookUp(host, port, AI_ADDRCONFIG)) }
        switch Readiness.wait(for: Int32(POLLIN), on: answer.descriptor, until: deadline, stop: stop) {
        case .ready: return try answer.result.get()
        case .stopped: throw TransportError(.tryAgain, "interrupted while looking up host '\(host)'")
        case .deadlinePassed: throw TransportError(.tryAgain, "host '\(host)' could not be looked up in time", isRetriable: true)
        }
    }

    private static func lookUp(_ host: String, _ port: Int, _ flags: CInt) -> Result<[SocketAddress], TransportError> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else {
            return .failure(
                TransportError(
                    .unreachable, "host '\(host)' cannot be resolved: \(String(cString: gai_strerror(result)))",
                    hint: "is the name right? resolve=\(host):\(port):ADDRESS gives it an address", isRetriable: result == EAI_AGAIN))
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

    /// A result that comes from another thread, with a pipe to poll.
    private final class Answer: Sendable {
        private let value = Mutex<Result<[SocketAddress], TransportError>>(.success([]))
        private let bell = Bell()
        var descriptor: CInt { bell.descriptor }
        var result: Result<[SocketAddress], TransportError> { value.withLock { $0 } }
        func finish(_ result: Result<[SocketAddress], TransportError>) {
            value.withLock { $0 = result }
            bell.ring()
        }
    }
}
