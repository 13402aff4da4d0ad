import Glibc
import MQCore

/// A bound endpoint.
final class Listener {
    let descriptor: CInt
    /// As others would write it.
    let name: String
    private let isLocal: Bool
    private var path: IPCPath?
    var token = 0
    /// When to accept again after there were no descriptors left; `UInt64.max` is never.
    var due = UInt64.max

    /// - Throws: `cannotCreate`, `permission`, `usage`, `failure`.
    init(_ endpoint: Endpoint, _ settings: NativeSettings) throws(TransportError) {
        let what = "binding \(endpoint.text)"
        let (address, path): (SocketAddress, IPCPath?)
        switch endpoint.medium {
        case .ipc(let name): (address, path) = (try endpoint.unixAddress, try IPCPath(preparing: name))
        case .abstract: (address, path) = (try endpoint.unixAddress, nil)
        case .tcp(_, let host, let port):
            guard let local = Self.local(host, port ?? 0, settings) else { throw SocketFailure.error(ENODEV, what) }
            (address, path) = (local, nil)
        case .inproc, .other: preconditionFailure("libzmq's")
        }
        descriptor = address.socket()
        guard descriptor >= 0 else { throw SocketFailure.error(errno, what) }
        if address.family != AF_UNIX { StreamSocket.set(SOL_SOCKET, SO_REUSEADDR, 1, on: descriptor) }
        settings.prepare(descriptor, address.family)
        let backlog = CInt(clamping: settings.options.integer("backlog") ?? Settings.standardBacklog)
        var number = address.bind(descriptor)
        if number == 0 && listen(descriptor, backlog) != 0 { number = errno }
        guard number == 0 else {
            close(descriptor)
            throw SocketFailure.error(number, what)
        }
        isLocal = address.family == AF_UNIX
        self.path = path
        self.path?.bound()
        if case .tcp(_, let host, _) = endpoint.medium, let port = SocketAddress.local(of: descriptor)?.port {
            let shown = host == "*" ? (address.family == AF_INET6 ? "[::]" : "0.0.0.0") : host.contains(":") ? "[\(host)]" : host
            name = "tcp://\(shown):\(port)"
        } else {
            name = endpoint.text
        }
    }

    static func local(_ host: String, _ port: UInt16, _ settings: NativeSettings) -> SocketAddress? {
        if host == "*" { return SocketAddress(anyWith: port, ipv6: settings.ipv6) }
        if let interface = SocketAddress.ofInterface(host, port: port, ipv6: settings.ipv6) { return interface }
        // Numbers only, as libzmq: a name may stand for another host.
        return HostLookup.numeric(host, port: port)
    }

    /// One connection that waits; `nil` when there is none, or, with `due` set, none can be taken. Whoever may not connect is hung up on.
    func accept(at now: UInt64, _ admission: Admission) -> CInt? {
        due = .max
        while true {
            let descriptor = Glibc.accept(self.descriptor, nil, nil)
            if descriptor >= 0 {
                guard admission.admits(descriptor, isLocal: isLocal) else {
                    close(descriptor)
                    continue
                }
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
                return descriptor
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EMFILE, ENFILE, ENOMEM, ENOBUFS:
                due = now + 100_000_000
                return nil
            default: return nil
            }
        }
    }

    func end() {
        close(descriptor)
        path?.remove()
    }
}
