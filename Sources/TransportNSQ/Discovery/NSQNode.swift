internal import MQCore

/// An nsqd as nsqlookupd knows it.
struct NSQNode: Sendable, Hashable {
    /// Its broadcast address.
    var host: String
    var tcpPort: Int
    /// `nil` when it serves no HTTP.
    var httpPort: Int?

    /// Where clients connect: what makes two entries the same nsqd.
    var peer: Peer { .tcp(host: host, port: tcpPort) }
}
