internal import MQCore

/// How nsqds and topics are found, where an address does not name them.
struct Discovery: Sendable {
    /// Those there are now; none is an answer, too.
    var find: @Sendable (Deadline, StopFlag) throws(TransportError) -> [Route]
    /// Between two looks, jittered.
    var interval: Duration
    /// Whether to wait for ever while there is no nsqd.
    var isPatient: Bool
    /// Whether topics come and go.
    var isOpenEnded = false
}
