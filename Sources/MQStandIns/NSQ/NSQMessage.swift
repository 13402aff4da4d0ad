struct NSQMessage {
    let id: [UInt8]
    let timestamp: Int64
    var attempts: UInt16 = 0
    let body: [UInt8]
    /// How long each channel holds it back once it has it, in nanoseconds.
    var deferral: Int64 = 0
}

extension NSQMessage {
    func record(_ queue: String, _ state: StandInRecord.State) -> StandInRecord {
        StandInRecord(queue: queue, id: String(decoding: id, as: UTF8.self), state: state, receives: Int(attempts), body: body)
    }
}
