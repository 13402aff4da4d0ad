struct SQSMessage {
    let serial: Int
    let id: [UInt8]
    let body: [UInt8]
    /// Of the body, in hexadecimal digits.
    let digest: [UInt8]
    let attributes: [SQSAttribute]
    let group: String?
    let dedup: String?
    /// Milliseconds since 1970.
    let sent: Int
    /// What `AWSTraceHeader` holds.
    var trace: String?
    /// The ARN of the queue in which it failed.
    var source: String?
    var receiveCount = 0
    var firstReceived = 0
    var visibleAt: Int64 = 0

    var sequence: String { "\(1_880_000_000_000_000_000 as UInt64 &+ UInt64(serial))" }
}
