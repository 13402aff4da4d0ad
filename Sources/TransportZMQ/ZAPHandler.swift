import CZMQ
import Glibc
import MQCore

/// Answers libzmq's questions about clients (ZAP, RFC 27) on a thread of its own, for as long as the context lives.
///
/// Without a handler CURVE accepts every client and PLAIN none.
final class ZAPHandler: @unchecked Sendable {
    // Unchecked: made by the thread that opens the context, given to the handler's thread, and used only there from then on.

    private var socket: Socket?
    private let guests: GuestFile
    private let notices: Notices

    private init(_ socket: consuming Socket, _ guests: GuestFile, _ notices: Notices) {
        self.socket = consume socket
        (self.guests, self.notices) = (guests, notices)
    }

    /// - Throws: `failure` when there is no thread or socket to be had.
    static func start(in context: borrowing Context, admitting guests: GuestFile, notices: Notices) throws(TransportError) {
        let socket = try Socket(.rep, in: context)
        let result = czmq_bind(socket.library.api, socket.pointer, "inproc://zeromq.zap.01")
        if result < 0 { throw socket.library.error(-result, "starting the authentication handler") }
        let handler = ZAPHandler(socket, guests, notices)
        // libzmq 4.3.4 may lose a command to a signal.
        try BackgroundThread.start("mq-zmq-auth", blockingSignals: true) { handler.run() }
    }

    /// Until the context is terminated, which waits for this socket to be closed.
    private func run() {
        while let request = receive() { answer(request) }
        socket = nil
    }

    private func receive() -> [[UInt8]]? {
        guard let api = socket?.library.api, let pointer = socket?.pointer else { return nil }
        var frames: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while true {
            let size = czmq_recv(api, pointer, &buffer, buffer.count, 0)
            if size == -EINTR { continue }
            if size < 0 { return nil }
            frames.append(Array(buffer.prefix(Int(size))))
            if socket?.integer(ZMQ_RCVMORE) != 1 { return frames }
        }
    }

    private func answer(_ request: [[UInt8]]) {
        // Version, request, domain, address, identity, mechanism, credentials.
        let user = request.count >= 6 ? admitted(request) : nil
        if user == nil, request.count >= 4 {
            let peer = String(decoding: request[3], as: UTF8.self)
            notices(
                .connection(
                    ConnectionEvent(
                        .refused, at: nil, peer: peer.isEmpty ? nil : peer, isWarning: true, "a client at \(peer) was refused: \(refusal)"))
            )
        }
        let reply: [[UInt8]] = [
            Array("1.0".utf8), request.count > 1 ? request[1] : [], Array((user == nil ? "400" : "200").utf8),
            Array((user == nil ? "not allowed" : "OK").utf8), Array((user ?? "").utf8), [],
        ]
        guard let api = socket?.library.api, let pointer = socket?.pointer else { return }
        for (index, frame) in reply.enumerated() {
            _ = czmq_send(api, pointer, frame, frame.count, index < reply.count - 1 ? ZMQ_SNDMORE : 0)
        }
    }

    private var refusal: String {
        switch guests.kind {
        case .keys: "its key is not in allow-keys"
        case .users: "its user and password are not in plain-users"
        }
    }

    /// The name of the client, or `nil` to refuse it.
    private func admitted(_ request: [[UInt8]]) -> String? {
        switch (guests.kind, String(decoding: request[5], as: UTF8.self)) {
        case (.keys, "CURVE"):
            guard request.count == 7, request[6].count == 32, let api = socket?.library.api else { return nil }
            var text = [CChar](repeating: 0, count: 41)
            guard api.pointee.z85_encode(&text, request[6], 32) != nil else { return nil }
            let key = String(decoding: text.prefix(40).map(UInt8.init(bitPattern:)), as: UTF8.self)
            return guests.holds(key) ? key : nil
        case (.users, "PLAIN"):
            guard request.count == 8 else { return nil }
            let user = String(decoding: request[6], as: UTF8.self)
            return guests.password(of: user).map { Array($0.utf8) == request[7] } == true ? user : nil
        default: return nil
        }
    }
}
