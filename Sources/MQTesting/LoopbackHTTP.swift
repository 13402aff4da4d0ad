import Glibc
import MQStandIns

/// One request and its reply over a connection of its own, for tests that look at a server from outside. HTTP/1.1, without
/// chunked bodies.
public struct LoopbackHTTP: Sendable {
    /// 100 to 599.
    public let status: Int
    /// Names in lower case.
    public let headers: [String: String]
    /// What stands behind the head, up to the end of the connection.
    public let body: [UInt8]

    /// The body as text.
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// - Throws: `ConformanceFailure` when the server cannot be reached, does not answer within `limit`, or answers no HTTP.
    public static func request(
        _ method: String, _ path: String, port: Int, headers: [String: String] = [:], body: [UInt8] = [], limit: Duration = .seconds(5)
    ) throws -> LoopbackHTTP {
        let socket = try LoopbackSocket.connect(port: port)
        socket.setReadLimit(limit)
        var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\nContent-Length: \(body.count)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        socket.write(Array("\(head)\r\n".utf8) + body)
        var received: [UInt8] = []
        while true {
            switch socket.read(appendingTo: &received) {
            case .bytes: continue
            case .ended, .failed: break
            case .timedOut: throw ConformanceFailure("127.0.0.1:\(port): no reply to \(method) \(path) within \(limit)")
            }
            break
        }
        guard let reply = LoopbackHTTP(received) else {
            throw ConformanceFailure(
                "127.0.0.1:\(port): no HTTP in reply to \(method) \(path): \(String(decoding: received, as: UTF8.self))")
        }
        return reply
    }

    private init?(_ bytes: [UInt8]) {
        guard let end = HTTPHead.end(of: bytes, from: 0) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first?.split(separator: " "), first.count >= 2, let status = Int(first[1]) else { return nil }
        self.status = status
        headers = HTTPHead.fields(lines.dropFirst())
        body = Array(bytes[end...])
    }
}
