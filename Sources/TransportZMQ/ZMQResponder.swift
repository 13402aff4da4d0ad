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
    /// Of requests that are settled: their memory is used anew.
    private var spares: [ReturnPath] = []
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
            let end = ReturnPath.end(in: frames, from: 1)
            if end == nil, type == .rep {
                malformed += 1
                return
            }
            let (pathFrames, pathBytes) = end ?? (1, frames[0])
            batch.append(UnsafeRawBufferPointer(rebasing: bytes[pathBytes...]))
            batch.setFrames(frames.dropFirst(pathFrames))
            var path = spares.popLast() ?? .none
            path.copy(frames.prefix(pathFrames), UnsafeRawBufferPointer(rebasing: bytes[..<pathBytes]))
            paths[handedOver] = path
            handedOver += 1
        }
    }

    func reply(to position: Int, with batch: borrowing Batch, _ index: Int) throws(TransportError) -> Bool {
        guard let path = paths[position] else { return false }
        do throws(TransportError) {
            guard try line.send(path, batch.bytes(of: index), frames: batch.frames(of: index)) else { return false }
        } catch {
            if error.errno == EHOSTUNREACH { return false }
            throw error
        }
        hasReplied = true
        return true
    }

    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
        guard case .acknowledge = settlement else { throw TransportError(.unsupported, "a request cannot be put back") }
        for position in positions {
            if let path = paths.removeValue(forKey: position) { spares.append(path) }
        }
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
