struct NSQMessage {
    let id: [UInt8]
    let timestamp: Int64
    var attempts: UInt16 = 0
    let body: [UInt8]
}
