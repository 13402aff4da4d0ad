internal import MQCore

/// How the nsqds are found, where an address does not name them.
struct Discovery: Sendable {
    /// Those there are now; none is an answer, too.
    var find: @Sendable (Deadline, StopFlag) throws(TransportError) -> [Peer]
    /// Between two looks, jittered.
    var interval: Duration
    /// Whether to wait for ever while there is no nsqd.
    var isPatient: Bool
}
