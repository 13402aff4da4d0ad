internal import MQCore

/// A connection, and in subclasses what its direction needs beside it.
class Link {
    let connection: Connection
    /// Why it is of no more use; whoever owns the endpoint sorts it out.
    var failure: TransportError?

    init(_ connection: Connection) { self.connection = connection }
}

/// How the nsqds are found, where an address does not name them.
struct Discovery: Sendable {
    /// Those there are now; none is an answer, too.
    var find: @Sendable (Deadline, StopFlag) throws(TransportError) -> [Peer]
    /// Between two looks, jittered.
    var interval: Duration
    /// Whether to wait for ever while there is no nsqd.
    var isPatient: Bool
}
