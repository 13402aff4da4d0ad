import MQCore

/// What libzmq's monitor reports of a connection.
struct MonitorEvent: Sendable {
    var number: CInt
    /// A descriptor, an error number or milliseconds, by the event.
    var value: CInt
    var endpoint: String
    /// The address of the other end, where a connection begins and it has one.
    var peer: String?
}
