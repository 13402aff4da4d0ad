internal import MQCore

/// An nsqd to connect to, and its HTTP port where it is known.
struct Located {
    var peer: Peer
    var daemon: Daemon?

    init(peer: Peer, daemon: Daemon?) { (self.peer, self.daemon) = (peer, daemon) }
    init(_ node: NSQNode) {
        self.init(peer: node.peer, daemon: node.httpPort.map { Daemon(peer: node.peer, http: .tcp(host: node.host, port: $0)) })
    }
}

extension [Located] {
    /// Of very many nsqds, the first few are asked.
    var asked: [Daemon] { Array<Daemon>(compactMap(\.daemon).prefix(8)) }

    var byPeer: [Peer: Daemon] {
        Dictionary(compactMap { located in located.daemon.map { (located.peer, $0) } }) { first, _ in first }
    }
}
