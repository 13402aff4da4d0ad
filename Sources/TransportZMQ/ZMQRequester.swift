import CZMQ
import Glibc
import MQCore
import ZMTP

/// Makes requests over libzmq.
final class ZMQRequester: Requester {
    private let type: SocketType
    private let open: () throws(TransportError) -> Wire
    private var line: FrameWire
    private var inquiry: Inquiry
    private var isAnswered = true
    /// Whether every request before on this socket had its reply.
    private var isFirst = true
    private var handshakesBefore = 0
    private(set) var strays = 0

    /// - Parameter open: opens a socket, more than once where only another connection tells a late reply from the one awaited.
    init(_ type: SocketType, isNumbered: Bool, open: @escaping () throws(TransportError) -> Wire) throws(TransportError) {
        (self.type, self.open) = (type, open)
        line = FrameWire(try open())
        inquiry = Inquiry(isNumbered: isNumbered, after: .random(in: 0 ... .max), mayLackPath: type == .dealer)
    }

    var hasMetPeer: Bool {
        line.wire.drainMonitor()
        return handshakesBefore + line.wire.handshakes > 0
    }

    var obstacle: TransportError { line.wire.failure ?? .noPeer(line.wire.absence) }

    func refusal(in batch: borrowing Batch, _ index: Int) -> TransportError? {
        ZMQSender.refusalOfFrames(in: batch, index..<index + 1)?.error
    }

    func request(
        _ batch: borrowing Batch, _ index: Int, attempt: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Bool {
        try giveUp()
        while try line.receive() { strays += 1 }
        if attempt == 0 { inquiry.begin() }
        let path = inquiry.path(to: 0)
        let (body, frames) = (batch.bytes(of: index), batch.frames(of: index))
        line.wire.glanceAtMonitor()
        if line.wire.established > 0, try line.send(path, body, frames: frames) {
            isAnswered = false
            return true
        }
        while true {
            let events = line.wire.refresh()
            // Without a connection libzmq would keep it for a peer that may never come.
            if line.wire.established > 0, events & ZMQ_POLLOUT != 0, try line.send(path, body, frames: frames) {
                isAnswered = false
                return true
            }
            if deadline.hasPassed || line.wire.block(until: deadline, stop: stop) == .stopped { return false }
        }
    }

    private func giveUp() throws(TransportError) {
        if isAnswered { return }
        isAnswered = true
        guard inquiry.giveUp(isFirst: isFirst) else { return isFirst = false }
        handshakesBefore += line.wire.handshakes
        line.wire.close()
        line = FrameWire(try open())
        isFirst = true
    }

    func reply(into batch: inout Batch, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Outcome {
        let handshakes = line.wire.handshakes
        var waits = FrameWire.hasTime(until: deadline, stop)
        while true {
            while try line.receive(waits: waits) {
                if accept(into: &batch) { return .received }
                strays += 1
            }
            waits = false
            if line.wire.refresh() & ZMQ_POLLIN != 0 { continue }
            // One socket may have several peers: which of them was asked, libzmq does not say.
            if line.wire.established == 0 || (line.wire.established == 1 && line.wire.handshakes > handshakes) { return .ended }
            if deadline.hasPassed { return .deadlinePassed }
            if line.wire.block(until: deadline, stop: stop) == .stopped { return .stopped }
        }
    }

    private func accept(into batch: inout Batch) -> Bool {
        let frames = line.frames
        return line.bytes.withUnsafeBytes { bytes in
            guard case .reply(let skipped, let start) = inquiry.judge(isFirst: isFirst, frames: frames, bytes) else { return false }
            isAnswered = true
            batch.append(UnsafeRawBufferPointer(rebasing: bytes[start...]))
            batch.setFrames(frames.dropFirst(skipped))
            return true
        }
    }
}
