import MQCore

extension Endpoint {
    /// Where to connect to; of a name, all that it has.
    /// - Throws: `usage`, `permission`, `unreachable`.
    func addresses(ipv6: Bool, _ opening: Opening) throws(TransportError) -> [SocketAddress] {
        switch medium {
        case .ipc(let path):
            try IPCPath.checkConnect(path)
            return [try unixAddress]
        case .abstract: return [try unixAddress]
        case .tcp(_, let host, let port):
            return try Resolver.addresses(of: host, port: port ?? 0, ipv6: ipv6, until: opening.deadline, stop: opening.stop)
        case .inproc, .other: preconditionFailure("libzmq's")
        }
    }
}
