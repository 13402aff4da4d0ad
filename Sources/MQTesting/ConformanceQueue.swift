import Glibc
public import MQCore

/// Both ends of one queue made for a single check. For most transports they are the same; zmq needs an end that binds.
public struct ConformanceQueue: Sendable {
    /// The end that senders are opened on.
    public var sending: any Transport
    /// The end that receivers are opened on.
    public var receiving: any Transport
    /// Removes the queue; called on every way out.
    public var cleanUp: @Sendable () -> Void

    /// - Parameter receiving: `nil` where both ends have the same address.
    public init(
        sending: any Transport, receiving: (any Transport)? = nil, cleanUp: @escaping @Sendable () -> Void = {}
    ) {
        self.sending = sending
        self.receiving = receiving ?? sending
        self.cleanUp = cleanUp
    }
}
