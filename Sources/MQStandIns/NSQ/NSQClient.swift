import Glibc
import MQCore

/// One connection, of either port: what came and was not understood yet, and what is to be sent.
final class NSQClient {
    enum State { case magic, new, subscribed, closing }
    enum Ending { case none, whenSent, now, reset }

    let number: Int
    let socket: LoopbackSocket
    let isHTTP: Bool
    /// Host and port of the other end.
    let peer: String
    var state = State.magic
    var input: [UInt8] = []
    private(set) var output: [UInt8] = []
    private var sent = 0
    /// Messages that nsqd would still have in its buffered writer.
    private var held: [UInt8] = []
    private var heldSince: Int64 = 0
    var ending = Ending.none
    var layers: [any NSQLayer] = []

    // What IDENTIFY set.
    var identity: [String: String] = [:]
    var heartbeatInterval: Int64
    var messageTimeout: Int64
    /// 1 sends every message at once.
    var bufferSize = 16384
    /// 0: only a full buffer or a client that may have no more is a reason to send.
    var bufferTimeout: Int64 = 250_000_000
    var sampleRate = 0
    var isAuthorized = false

    /// When what is to be sent may leave; 0 for at once.
    var notBefore: Int64 = 0
    var lastHeartbeat: Int64
    var lastCommand: Int64
    var ready = 0
    var inFlightCount = 0
    /// It asked for no more while it had room, and may be given the one that was chosen for it by then.
    var hadRoom = false
    var publishCount = 0
    /// Messages by topic, and those it was given, finished and put back.
    var published: [String: Int] = [:]
    var (received, finished, requeued) = (0, 0, 0)
    let since = wallNanoseconds() / 1_000_000_000
    weak var channel: NSQChannel?
    weak var topic: NSQTopic?

    init(_ number: Int, _ socket: LoopbackSocket, isHTTP: Bool, settings: NSQStandIn.Settings) {
        (self.number, self.socket, self.isHTTP) = (number, socket, isHTTP)
        peer = SocketAddress.peer(of: socket.descriptor) ?? "127.0.0.1:0"
        heartbeatInterval = settings.heartbeatInterval.loopbackNanoseconds
        messageTimeout = settings.messageTimeout.loopbackNanoseconds
        let now = settings.clock.map { Int64($0()) } ?? realNanoseconds()
        (lastHeartbeat, lastCommand) = (now, now)
    }

    var wantsMessage: Bool {
        state == .subscribed && ending == .none && ready > 0 && inFlightCount < ready && (channel?.isPaused == false)
            && output.count - sent < 1 << 18
    }

    /// As nsqd tells it; of those that only publish, too.
    var stateNumber: Int { state == .closing ? 4 : 3 }
    var hasOutput: Bool { sent < output.count }
    var isHolding: Bool { !held.isEmpty }

    func end(withReset: Bool) { ending = withReset ? .reset : .now }

    /// Replies leave at once, and with them the messages before them.
    func reply(type: Int32, _ data: [UInt8]) {
        held += Self.frame(type, data)
        release()
    }

    func deliver(_ message: NSQMessage, now: Int64) {
        if held.isEmpty { heldSince = now }
        var data: [UInt8] = []
        data.reserveCapacity(26 + message.body.count)
        withUnsafeBytes(of: message.timestamp.bigEndian) { data += $0 }
        withUnsafeBytes(of: message.attempts.bigEndian) { data += $0 }
        data += message.id
        data += message.body
        held += Self.frame(2, data)
        if held.count >= bufferSize { release() }
    }

    /// What nsqd's ticker does, and the end of its loop when the client may have no more.
    func releaseWhenDue(_ now: Int64) {
        guard !held.isEmpty else { return }
        if !wantsMessage || (bufferTimeout > 0 && now - heldSince >= bufferTimeout) { release() }
    }

    private func release() {
        var bytes = exchange(&held, with: [])
        for layer in layers.reversed() { bytes = layer.encode(bytes) }
        output += bytes
    }

    func sendRaw(_ bytes: [UInt8]) { output += bytes }

    private static func frame(_ type: Int32, _ data: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + data.count)
        withUnsafeBytes(of: Int32(4 + data.count).bigEndian) { bytes += $0 }
        withUnsafeBytes(of: type.bigEndian) { bytes += $0 }
        bytes += data
        return bytes
    }

    /// Whether what is to be sent waits on purpose.
    func isLate(_ delay: Duration) -> Bool {
        guard delay > .zero, hasOutput else { return false }
        let now = realNanoseconds()
        if notBefore == 0 { notBefore = now + delay.loopbackNanoseconds }
        if now < notBefore { return true }
        notBefore = 0
        return false
    }

    /// Sends what the peer takes now.
    func flush(inPieces: Bool) {
        while hasOutput {
            let limit = inPieces ? (sent < 64 ? 1 : 997) : Int.max
            let count = output.withUnsafeBytes { bytes in
                let rest = bytes[sent...].prefix(limit)
                return send(socket.descriptor, bytes.baseAddress! + sent, rest.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
            }
            if count < 0 {
                if errno == EINTR { continue }
                if errno != EAGAIN { ending = .now }
                return
            }
            sent += count
            if inPieces { usleep(sent < 64 ? 100 : 20) }  // time for the peer to read the piece alone
        }
        output.removeAll(keepingCapacity: output.capacity < 1 << 20)
        sent = 0
        if ending == .whenSent { ending = .now }
    }

    /// Reads what is there.
    /// - Returns: whether the peer is still there.
    func fill() -> Bool {
        var raw: [UInt8] = []
        let outcome = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
            let count = recv(socket.descriptor, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT))
            if count > 0 { raw.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            return count
        }
        if outcome < 0 { return errno == EAGAIN || errno == EINTR }
        if outcome == 0 { return false }
        for layer in layers {
            guard let next = layer.decode(raw) else { return false }
            output += layer.takeOutput()
            raw = next
        }
        input += raw
        return true
    }
}
