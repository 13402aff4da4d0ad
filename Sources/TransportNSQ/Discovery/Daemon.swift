internal import MQCore

/// An nsqd, by the names of its two ports.
struct Daemon: Sendable, Hashable {
    /// As addresses name it.
    var peer: Peer
    var http: Peer

    init(peer: Peer, http: Peer) { (self.peer, self.http) = (peer, http) }

    /// - Returns: `nil` for a UNIX socket, which tells nothing of the port.
    init?(_ peer: Peer, httpPort: Int?, usesTLS: Bool = false) {
        switch peer {
        case .tcp(let host, let port): self.init(peer: peer, http: .tcp(host: host, port: httpPort ?? min(port + (usesTLS ? 2 : 1), 65535)))
        case .unix:
            guard let httpPort else { return nil }
            self.init(peer: peer, http: .tcp(host: "127.0.0.1", port: httpPort))
        }
    }

    /// An address given for the TCP port serves for the HTTP port as well.
    func resolution(_ resolve: [String]) -> [String] {
        guard case .tcp(let host, let port) = peer, case .tcp(host, let httpPort) = http else { return [] }
        return resolve.filter { $0.hasPrefix("\(host):\(port):") || $0.hasPrefix("*:\(port):") }.map { entry in
            "\(host):\(httpPort):\(entry.split(separator: ":", maxSplits: 2)[2])"
        }
    }
}
