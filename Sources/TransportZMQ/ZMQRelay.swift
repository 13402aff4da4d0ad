import CZMQ
import Glibc
import MQCore
import Synchronization

/// A proxy over libzmq: messages pass from one socket to the other without being copied.
final class ZMQRelay: Relay {
    let counters = RelayCounters()
    private let kind: RelayKind
    private let front: Lane
    private let back: Lane
    /// Requests with an empty frame that no reply with one has followed so far.
    private var owed = 0
    /// What the message in hand changes of the number of topics.
    private var topicChange = 0
    /// What a tap is shown.
    private var shown = Batch()
    private var bytes: [UInt8] = []
    private var frames: [Int] = []
    /// Whether an empty frame comes between the first and the last of the message passed last.
    private var hasPath = false
    /// libzmq's message, never moved: it may point into itself.
    private let part: UnsafeMutablePointer<zmq_msg_t>
    private var spin = Spin.yielding

    /// A socket, and what was taken from it.
    private final class Lane {
        let wire: Wire
        let side: RelaySide
        /// The first frame of a message that the other socket did not take is in `message`.
        var holds = false
        let message: UnsafeMutablePointer<zmq_msg_t>
        /// Whether this socket was given anything.
        var hasSent = false

        init(_ wire: Wire, _ side: RelaySide) {
            (self.wire, self.side) = (wire, side)
            message = .allocate(capacity: 1)
            _ = wire.library.api.pointee.msg_init(message)
        }

        deinit {
            _ = wire.library.api.pointee.msg_close(message)
            message.deallocate()
        }
    }

    /// Messages that pass one way before the other is looked at; the same as libzmq's own proxy.
    private static let portion = 1000

    init(_ kind: RelayKind, front: Wire, back: Wire) {
        self.kind = kind
        (self.front, self.back) = (Lane(front, .front), Lane(back, .back))
        part = .allocate(capacity: 1)
        _ = front.library.api.pointee.msg_init(part)
        shown.wantsProperties = true
        // Each topic goes upstream once.
        if kind == .forwarder { back.set(ZMQ_XPUB_VERBOSE, 0) }
        // A reply to whoever has gone, or does not read, is refused: without this it would vanish uncounted.
        if kind == .queue { front.set(ZMQ_ROUTER_MANDATORY, 1) }
    }

    deinit {
        _ = front.wire.library.api.pointee.msg_close(part)
        part.deallocate()
    }

    private var isTwoWay: Bool { kind != .streamer }

    func run(_ tap: (any RelayTap)?, stop: StopFlag) throws(TransportError) {
        while !stop.isRaised {
            if try passBoth(tap) { continue }
            tap?.paused()
            let hasMoved = try spin.look { () throws(TransportError) -> Bool? in try passBoth(tap) ? true : nil }
            if hasMoved == nil { Wire.block(front.wire, back.wire, until: .never, stop: stop) }
        }
    }

    /// Passes what can be passed now, both ways.
    /// - Returns: whether anything was.
    private func passBoth(_ tap: (any RelayTap)?) throws(TransportError) -> Bool {
        let events = (front: front.wire.look(), back: back.wire.look())
        var hasMoved = false
        if events.front & ZMQ_POLLIN != 0 || front.holds, events.back & ZMQ_POLLOUT != 0 {
            hasMoved = try pass(from: front, to: back, tap)
        }
        // A ROUTER that nobody is connected to takes nothing, and what is for nobody must not wait.
        if isTwoWay, events.back & ZMQ_POLLIN != 0 || back.holds, events.front & ZMQ_POLLOUT != 0 || kind == .queue {
            hasMoved = try pass(from: back, to: front, tap) || hasMoved
        }
        return hasMoved
    }

    // MARK: - Passing

    /// Passes messages on until there is none, the other side takes no more, or it is the other way's turn.
    /// - Returns: whether any was passed.
    private func pass(from source: Lane, to target: Lane, _ tap: (any RelayTap)?) throws(TransportError) -> Bool {
        let api = source.wire.library.api
        var (moved, count, size) = (0, 0, 0)
        while moved < Self.portion {
            if !source.holds {
                let result = czmq_msg_recv(api, source.message, source.wire.pointer, ZMQ_DONTWAIT)
                if result == -EINTR { continue }
                if result == -EAGAIN { break }
                guard result >= 0 else { throw source.wire.library.error(-result, "receiving") }
            }
            source.holds = true
            guard let passed = try passMessage(from: source, to: target, looks: tap != nil) else { break }
            source.holds = false
            moved += 1
            // A subscription is no message.
            if topicChange != 0 {
                counters.topics.add(topicChange, ordering: .relaxed)
                topicChange = 0
                continue
            }
            note(from: source.side, tap)
            (count, size) = (count + 1, size + passed)
        }
        guard moved > 0 else { return false }
        counters[source.side].add(messages: count, bytes: size)
        target.hasSent = true
        if let tap, !shown.isEmpty {
            tap.moved(shown, 0..<shown.count, from: source.side)
            shown.removeAll()
        }
        return true
    }

    /// Passes one message on, whose first frame is in hand.
    /// - Parameter looks: whether its frames are to be kept, in `bytes` and `frames`.
    /// - Returns: its size, without the client's name that stands in front on the side of the servers, or `nil` when the other side takes
    ///   none now.
    private func passMessage(from source: Lane, to target: Lane, looks: Bool) throws(TransportError) -> Int? {
        let api = source.wire.library.api
        // Others must not wait for the one that it is for.
        let isReply = kind == .queue && source.side == .back
        var (message, size, isFirst, isDropped) = (source.message, 0, true, false)
        hasPath = false
        if looks {
            bytes.removeAll(keepingCapacity: true)
            frames.removeAll(keepingCapacity: true)
        }
        while true {
            let length = api.pointee.msg_size(message)
            let more = api.pointee.msg_more(message) != 0
            if looks {
                bytes.append(contentsOf: UnsafeRawBufferPointer(start: api.pointee.msg_data(message), count: length))
                frames.append(length)
            }
            if !isFirst, length == 0, more { hasPath = true }
            if isFirst && kind == .forwarder && source.side == .back { noteTopic(message, length, more) }
            // What has begun is finished: libzmq has taken the message.
            let flags = (isFirst ? ZMQ_DONTWAIT : 0) | (more ? ZMQ_SNDMORE : 0)
            var result: CInt = 0
            if !isDropped { repeat { result = czmq_msg_send(api, message, target.wire.pointer, flags) } while result == -EINTR }
            if isFirst, result == -EHOSTUNREACH || (result == -EAGAIN && isReply) {
                isDropped = true
                counters.dropped.add(1, ordering: .relaxed)
            } else if isFirst, result == -EAGAIN {
                return nil
            } else if result < 0 {
                throw target.wire.library.error(-result, "sending")
            }
            if !isFirst || kind != .queue { size += length }
            guard more else { return size }
            (message, isFirst) = (part, false)
            repeat { result = czmq_msg_recv(api, part, source.wire.pointer, 0) } while result == -EINTR
            guard result >= 0 else { throw source.wire.library.error(-result, "receiving") }
        }
    }

    private func noteTopic(_ message: UnsafeMutablePointer<zmq_msg_t>, _ length: Int, _ more: Bool) {
        topicChange = 0
        guard length > 0, !more else { return }
        let first = front.wire.library.api.pointee.msg_data(message)!.load(as: UInt8.self)
        guard first <= 1 else { return }
        topicChange = first == 1 ? 1 : -1
    }

    private func note(from side: RelaySide, _ tap: (any RelayTap)?) {
        if kind == .queue, hasPath { owed = side == .front ? owed + 1 : max(0, owed - 1) }
        guard tap != nil else { return }
        shown.append(bytes)
        shown.setFrames(frames[...])
    }

    // MARK: - The end

    func finish(_ tap: (any RelayTap)?, until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        while front.holds || owed > 0, !stop.isRaised, !deadline.hasPassed {
            let events = (front: front.wire.refresh(), back: back.wire.refresh())
            var hasMoved = false
            if front.holds, events.back & ZMQ_POLLOUT != 0,
                let size = try passMessage(from: front, to: back, looks: tap != nil)
            {
                (front.holds, back.hasSent, hasMoved) = (false, true, true)
                counters.front.add(messages: 1, bytes: size)
                note(from: .front, tap)
            }
            if kind == .queue, events.back & ZMQ_POLLIN != 0 || back.holds { hasMoved = try pass(from: back, to: front, tap) || hasMoved }
            if !hasMoved { Wire.block(front.wire, back.wire, until: deadline, stop: stop) }
        }
        var failure: TransportError?
        if front.holds { failure = .nobodyTook(1) }
        if owed > 0 { failure = .noReply(owed) }
        if kind == .queue && front.hasSent {
            do throws(TransportError) { try front.wire.finish(sent: true, until: deadline, stop: stop) } catch {
                failure = failure ?? error
            }
        }
        front.wire.close()
        let isAwaited = back.hasSent && !(kind == .forwarder && back.wire.established == 0)
        do throws(TransportError) { try back.wire.finish(sent: isAwaited, until: deadline, stop: stop) } catch {
            failure = failure ?? error
        }
        if let failure { throw failure }
    }
}
