import Glibc
import MQStandIns
import MQTesting
import Synchronization

/// A server on 127.0.0.1 that does with each connection what the test says, and counts them. What HTTP libraries do not do:
/// break off, dawdle, talk nonsense.
final class HTTPServer: Sendable {
    private let listener: LoopbackSocket
    private let accepted = Mutex<[LoopbackSocket]>([])
    private let seen = Mutex<[String]>([])
    private let fixture = Fixture()

    var port: Int { listener.localPort }
    var url: String { "http://127.0.0.1:\(port)/" }
    var connections: Int { accepted.withLock { $0.count } }
    /// The requests so far: head and body.
    var requests: [String] { seen.withLock { $0 } }

    /// - Parameter answer: the bytes of a reply for the n-th request on a connection; `nil` closes the connection.
    init(_ answer: @escaping @Sendable (_ request: String, _ number: Int) -> [UInt8]?) throws {
        let listener = try LoopbackSocket.listen()
        self.listener = listener
        let thread = Background { [self] in
            var threads: [Background<Void>] = []
            while let connection = listener.accept() {
                accepted.withLock { $0.append(connection) }
                threads.append(Background { [self] in converse(connection, answer) })
            }
            for thread in threads { try? thread.join() }
        }
        fixture.atEnd { try? thread.join() }
        fixture.atEnd { listener.shutDown() }
    }

    /// A complete reply.
    static func reply(_ body: [UInt8], status: String = "200 OK", headers: String = "") -> [UInt8] {
        Array("HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\n\(headers)\r\n".utf8) + body
    }
    static func reply(_ body: String) -> [UInt8] { reply(Array(body.utf8)) }

    /// To be called: the thread that listens holds the server.
    func stop() {
        for connection in accepted.withLock({ $0 }) { connection.shutDown() }
        fixture.cleanUp()
    }

    private func converse(_ connection: LoopbackSocket, _ answer: (String, Int) -> [UInt8]?) {
        var number = 0
        var pending: [UInt8] = []
        while let request = Self.readRequest(connection, &pending) {
            seen.withLock { $0.append(request) }
            number += 1
            guard let bytes = answer(request, number), connection.write(bytes) else { break }
        }
        connection.shutDown()
    }

    private static func readRequest(_ connection: LoopbackSocket, _ pending: inout [UInt8]) -> String? {
        while true {
            if let length = length(of: pending), pending.count >= length {
                defer { pending.removeFirst(length) }
                return String(decoding: pending[..<length], as: UTF8.self)
            }
            guard case .bytes = connection.read(appendingTo: &pending) else { return nil }
        }
    }

    /// The bytes of the request at the front, once its head is complete.
    private static func length(of bytes: [UInt8]) -> Int? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let head = text.utf8.indices.first(where: { text.utf8[$0...].starts(with: "\r\n\r\n".utf8) }) else { return nil }
        let size = text[..<head].lowercased().split(separator: "\r\n").compactMap { line in
            line.hasPrefix("content-length:") ? Int(line.split(separator: " ").last!) : nil
        }.first
        return text.utf8.distance(from: text.startIndex, to: head) + 4 + (size ?? 0)
    }
}
