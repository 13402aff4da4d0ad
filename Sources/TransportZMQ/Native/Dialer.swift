import Glibc
import MQCore
import ZMTP

/// An endpoint that we connect to, again and again.
final class Dialer {
    let endpoint: Endpoint
    private var addresses: [SocketAddress] = []
    private var place = 0
    private var backoff: Backoff
    /// When the next attempt is due; `UInt64.max` while one is under way, has succeeded or is of no use.
    var due: UInt64 = 0
    /// An attempt under way, and when it is given up.
    private(set) var attempt: (descriptor: CInt, family: CInt, end: UInt64)?
    /// A name that is being looked up, again after a connection broke.
    private(set) var lookup: HostLookup?
    var token = 0
    private var looksUp: Bool
    /// The error number of the last attempt, where that failed.
    private(set) var failure: CInt?
    /// Since when nobody is there, while nobody ever was, and what was said of it.
    private var isReached = false
    private var aloneSince: UInt64?
    private var hasSaidLong = false

    /// - Parameter addresses: what the name of the host stands for by now.
    init(_ endpoint: Endpoint, addresses: [SocketAddress], _ settings: NativeSettings) {
        (self.endpoint, self.addresses) = (endpoint, addresses)
        backoff = Backoff(first: settings.reconnect.first, longest: settings.reconnect.longest)
        if case .tcp(_, let host, _) = endpoint.medium { looksUp = !Resolver.isNumeric(host) } else { looksUp = false }
    }

    enum Outcome { case connected(CInt, CInt), underWay(CInt), lookingUp(CInt), failed }

    /// Begins one attempt.
    func dial(at now: UInt64, _ settings: NativeSettings) -> Outcome {
        due = .max
        if place >= addresses.count {
            place = 0
            if looksUp, case .tcp(_, let host, let port) = endpoint.medium, let made = try? HostLookup(host, port: port ?? 0) {
                lookup = made
                return .lookingUp(made.descriptor)
            }
            if addresses.isEmpty { return .failed }
        }
        let address = addresses[place]
        place += 1
        let descriptor = address.socket()
        guard descriptor >= 0 else { return failed(errno) }
        settings.prepare(descriptor, address.family)
        if let source = Self.source(of: endpoint, settings) {
            StreamSocket.set(SOL_SOCKET, SO_REUSEADDR, 1, on: descriptor)
            let number = source.bind(descriptor)
            guard number == 0 else {
                close(descriptor)
                return failed(number)
            }
        }
        switch address.connect(descriptor) {
        case 0:
            failure = nil
            return .connected(descriptor, address.family)
        case EINPROGRESS:
            attempt = (descriptor, address.family, settings.connectTimeout.map { now &+ $0 } ?? .max)
            return .underWay(descriptor)
        case let number:
            close(descriptor)
            return failed(number)
        }
    }

    private func failed(_ number: CInt) -> Outcome {
        failure = number
        return .failed
    }

    /// Where a connection of tcp is to come from, if that was said.
    private static func source(of endpoint: Endpoint, _ settings: NativeSettings) -> SocketAddress? {
        guard case .tcp(let source?, _, _) = endpoint.medium, let (host, port) = Endpoint.source(source) else { return nil }
        return Listener.local(host, port, settings)
    }

    /// The attempt under way has come to an end.
    /// - Returns: the connection, where there is one.
    func finish() -> (descriptor: CInt, family: CInt)? {
        guard let attempt else { return nil }
        self.attempt = nil
        let number = SocketAddress.pendingError(attempt.descriptor)
        failure = number == 0 ? nil : number
        if number == 0 { return (attempt.descriptor, attempt.family) }
        close(attempt.descriptor)
        return nil
    }

    /// Gives up the attempt under way.
    func cancel() {
        if let attempt { close(attempt.descriptor) }
        attempt = nil
    }

    /// An attempt has failed.
    /// - Returns: what is to be said of it, while nobody was ever there.
    func absence(at now: UInt64) -> ConnectionEvent? {
        if isReached { return nil }
        guard let aloneSince else {
            aloneSince = now
            return Absence.event(endpoint.text, failure, isLong: false)
        }
        guard !hasSaidLong, now - aloneSince >= Absence.patience.nanoseconds else { return nil }
        hasSaidLong = true
        return Absence.event(endpoint.text, failure, isLong: true)
    }

    /// Takes what a name stands for now; an answer that is none leaves the old one.
    func takeLookup(ipv6: Bool) {
        if case .success(let found)? = lookup?.result, !found.isEmpty { addresses = Resolver.chosen(from: found, ipv6: ipv6) }
        lookup = nil
    }

    /// Another attempt: at once with the next address, else after a pause.
    func again(at now: UInt64) {
        guard place >= addresses.count else {
            due = now
            return
        }
        var generator = SystemRandomNumberGenerator()
        due = now + backoff.pause(&generator)
        if !looksUp { place = 0 }
    }

    /// The handshake is done: the next attempt begins from the front.
    func succeeded() {
        isReached = true
        backoff.succeeded()
        place = addresses.count
    }
}
