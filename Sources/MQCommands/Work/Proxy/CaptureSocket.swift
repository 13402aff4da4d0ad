import MQCore

/// Captures to another queue: each message behind a frame that says where it came in.
final class CaptureSocket: ProxyCapture {
    private let sender: any Sender
    private let stop: StopFlag
    private var batch = Batch()
    private(set) var captured = 0

    init(_ sender: any Sender, stop: StopFlag) {
        (self.sender, self.stop) = (sender, stop)
        batch.wantsProperties = true
    }

    func take(_ source: borrowing Batch, _ range: Range<Int>, from side: RelaySide) throws(TransportError) -> Int {
        batch.removeAll()
        let word = Array(side.rawValue.utf8)
        for index in range {
            let body = source.bytes(of: index)
            let place = batch.reserve(word.count + body.count)
            word.withUnsafeBytes { place.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            if let bytes = body.baseAddress { (place + word.count).copyMemory(from: bytes, byteCount: body.count) }
            batch.commit(word.count + body.count)
            batch.setFrames(([word.count] + (source.frames(of: index) ?? [body.count]))[...])
        }
        let taken = try sender.send(batch, 0..<batch.count, until: .immediately, stop: stop)
        captured += taken
        return taken
    }

    func pause() {}

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) { try sender.flush(until: deadline, stop: stop) }
}
