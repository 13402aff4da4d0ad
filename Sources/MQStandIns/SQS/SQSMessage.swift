struct SQSMessage {
    let serial: Int
    let id: [UInt8]
    let body: [UInt8]
    /// Of the body, in hexadecimal digits.
    let digest: [UInt8]
    let attributes: [SQSAttribute]
    let group: String?
    let dedup: String?
    let sent: Int
    var receiveCount = 0
    var firstReceived = 0
    var visibleAt: Int64 = 0
}
