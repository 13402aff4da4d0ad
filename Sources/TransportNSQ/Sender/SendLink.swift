internal import MQCore

/// A connection that publishes, with what it has not answered.
final class SendLink: Link {
    let connection: Connection
    var failure: TransportError?
    /// In the order in which they were sent: an answer belongs to the first.
    var outstanding: [Parcel] = []
    /// DPUBs of the first that were answered, where every nsqd gets a copy.
    var answered = 0
    /// Whether it ever answered.
    var hasAnswered = false
    private let start: UInt64

    /// More than this many gain nothing.
    static let window = 4

    init(_ connection: Connection) { (self.connection, start) = (connection, connection.clocks.monotonic()) }

    /// It answers, or has stood for a while without anything to answer.
    var isSound: Bool { hasAnswered || (outstanding.isEmpty && connection.clocks.monotonic() - start > 1_000_000_000) }

    /// A probe goes alone.
    func hasRoom(isProbe: Bool) -> Bool {
        guard !connection.hasOutput else { return false }
        if isProbe { return outstanding.isEmpty }
        return outstanding.count < Self.window && outstanding.last?.isProbe != true
    }
}
