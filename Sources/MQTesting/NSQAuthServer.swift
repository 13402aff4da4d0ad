import MQStandIns
import Synchronization

/// What nsqd asks who may do what (`-auth-http-address`): allows everything to one secret, and nothing to others.
public final class NSQAuthServer: Sendable {
    /// Of 127.0.0.1.
    public let port: Int
    private let listener: LoopbackSocket
    private let serving: Mutex<Background<Void>?>

    /// - Throws: `ConformanceFailure` when it cannot listen.
    public init(secret: String) throws {
        listener = try LoopbackSocket.listen()
        port = listener.localPort
        serving = Mutex(nil)
        let listener = listener
        let running = Background {
            while let socket = listener.accept() { Self.answer(socket, secret) }
        }
        serving.withLock { $0 = running }
    }

    deinit {
        listener.shutDown()
        if let running = serving.withLock({ $0.take() }) { _ = try? running.join() }
    }

    private static func answer(_ socket: LoopbackSocket, _ secret: String) {
        var input: [UInt8] = []
        socket.setReadLimit(.seconds(5))
        while HTTPHead.end(of: input, from: 0) == nil { guard case .bytes = socket.read(appendingTo: &input) else { return } }
        let line = String(decoding: input.prefix { $0 != 0x0d }, as: UTF8.self)
        let words = line.split(whereSeparator: { " ?&".contains($0) })
        let isKnown = words.contains { $0 == "secret=\(secret)" }
        let body =
            #"{"ttl":3600,"identity":"test","identity_url":"","authorizations":[{"permissions":["subscribe","publish"],"topic":".*","channels":[".*"]}]}"#
        let text = isKnown ? body : #"{"message":"NOT_AUTHORIZED"}"#
        let status = isKnown ? "200 OK" : "403 Forbidden"
        socket.write(
            "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(text.utf8.count)\r\nConnection: close\r\n\r\n\(text)"
        )
    }
}
