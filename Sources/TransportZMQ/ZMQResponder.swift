import CZMQ
import Glibc
import MQCore
import ZMTP

/// Answers requests over libzmq.
final class ZMQResponder: Responder {
    private let line: FrameWire
    private let type: SocketType
    private(set) var handedOver = 0
    private var malformed = 0
    /// The frames in front of the bodies of requests: the name that libzmq gives to whoever asked comes first.
    private var paths: [Int: ReturnPath] = [:]
    private var isClosed = false
    private var hasReplied = false
    /// Whether a request came lately, so that another may come soon.
    private var isBusy = false

    init(_ wire: Wire, _ type: SocketType) {
        (line, self.type) = (FrameWire(wire), type)
        // Without it a reply to whoever has gone would count as sent.
        wire.set(ZMQ_ROUTER_MANDATORY, 1)
    }

    var absence: TransportError? { isClosed ? nil : line.wire.absence.map { .noPeer($0) } }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        if limit <= 0 { return .received }
        let (start, most) = (handedOver, batch.byteCount + byteLimit)
        if isClosed { return .ended }
        line.wire.glanceAtMonitor()
        // While a request is being answered, whoever does that may have something to say meanwhile.
        while isBusy, paths.isEmpty, FrameWire.hasTime(until: deadline, stop) {
            isBusy = try line.receive(waits: true)
            if isBusy { accept(into: &batch) }
            if handedOver > start { return .received }
        }
        while true {
            while handedOver - start < limit, batch.byteCount < most, try line.receive() { accept(into: &batch) }
            if handedOver > start {
                isBusy = true
                return .received
            }
            if stop.isRaised { return .stopped }
            line.wire.drainMonitor()
            switch line.wire.block(until: deadline, stop: stop) {
            case .ready: continue
            case .stopped: return .stopped
            case .deadlinePassed:
                guard deadline.hasPassed else { continue }
                if deadline != .immediately, let failure = line.wire.failure { throw failure }
                return .deadlinePassed
            }
        }
    }

    private func accept(into batch: inout Batch) {
        let frames = line.frames
        line.bytes.withUnsafeBytes { bytes in
            let name = frames[0]
            var path = (frames: 1, bytes: name)
            if let end = ReturnPath.end(in: Array(frames.dropFirst())) {
                path = (1 + end.frames, name + end.bytes)
            } else if type == .rep {
                malformed += 1
                return
            }
            batch.append(UnsafeRawBufferPointer(rebasing: bytes[path.bytes...]))
            batch.setFrames(frames.dropFirst(path.frames))
            paths[handedOver] = ReturnPath(bytes: Array(bytes[..<path.bytes]), frames: Array(frames[..<path.frames]))
            handedOver += 1
        }
    }

    func reply(to position: Int, with batch: borrowing Batch, _ index: Int) throws(TransportError) -> Bool {
        guard let path = paths[position] else { return false }
        let body = batch.bytes(of: index)
        let frames = (batch.hasProperties ? batch.properties(of: index).frames : nil) ?? [body.count]
        let result = path.bytes.withUnsafeBytes { bytes in
            Result { () throws(TransportError) in try line.send([(bytes, path.frames), (body, frames)]) }
        }
        do throws(TransportError) {
            guard try result.get() else { return false }
        } catch {
            if error.errno == EHOSTUNREACH { return false }
            throw error
        }
        hasReplied = true
        return true
    }

    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
        guard case .acknowledge = settlement else { throw TransportError(.unsupported, "a request cannot be put back") }
        for position in positions { paths[position] = nil }
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        guard !isClosed else { return }
        isClosed = true
        // Who asked may have gone: nobody is waited for longer than it takes to read a reply.
        do throws(TransportError) {
            try line.wire.finish(
                sent: hasReplied && line.wire.established > 0, until: deadline.earlier(.after(.milliseconds(200))), stop: stop)
        } catch {}
    }

    var closingRemarks: [String] { malformed > 0 ? [.noRequests(malformed)] : [] }
}
