import Glibc
import MQTesting
import Synchronization

/// A server on 127.0.0.1 that does with each connection what the test says, and counts them. What HTTP libraries do not do:
/// break off, dawdle, talk nonsense.
final class HTTPServer: Sendable {
    let port: Int
    private let listener: CInt
    private let accepted = Mutex<[CInt]>([])
    private let seen = Mutex<[String]>([])
    private let fixture = Fixture()

    var url: String { "http://127.0.0.1:\(port)/" }
    var connections: Int { accepted.withLock { $0.count } }
    /// The requests so far: head and body.
    var requests: [String] { seen.withLock { $0 } }

    /// - Parameter answer: the bytes of a reply for the n-th request on a connection; `nil` closes the connection.
    init(_ answer: @escaping @Sendable (_ request: String, _ number: Int) -> [UInt8]?) throws {
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, size) | listen(listener, 64) | getsockname(listener, pointer, &size)
            }
        }
        guard code == 0 else { throw ConformanceFailure("no port on 127.0.0.1: errno \(errno)") }
        port = Int(UInt16(bigEndian: address.sin_port))
        let thread = Background { [self] in serve(answer) }
        fixture.atEnd { try? thread.join() }
        fixture.atEnd { shutdown(listener, CInt(SHUT_RDWR)) }
    }

    /// A complete reply.
    static func reply(_ body: [UInt8], status: String = "200 OK", headers: String = "") -> [UInt8] {
        Array("HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\n\(headers)\r\n".utf8) + body
    }
    static func reply(_ body: String) -> [UInt8] { reply(Array(body.utf8)) }

    func stop() {
        for descriptor in accepted.withLock({ $0 }) { shutdown(descriptor, CInt(SHUT_RDWR)) }
        fixture.cleanUp()
    }

    private func serve(_ answer: @escaping @Sendable (String, Int) -> [UInt8]?) {
        signal(SIGPIPE, SIG_IGN)
        var threads: [Background<Void>] = []
        while true {
            let connection = accept(listener, nil, nil)
            if connection < 0 { break }
            accepted.withLock { $0.append(connection) }
            threads.append(Background { [self] in converse(connection, answer) })
        }
        for thread in threads { try? thread.join() }
        for connection in accepted.withLock({ $0 }) { close(connection) }
        close(listener)
    }

    private func converse(_ connection: CInt, _ answer: (String, Int) -> [UInt8]?) {
        var number = 0
        var pending: [UInt8] = []
        while let request = Self.readRequest(connection, &pending) {
            seen.withLock { $0.append(request) }
            number += 1
            guard let bytes = answer(request, number) else { break }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
                if count <= 0 { break }
                rest = rest.dropFirst(count)
            }
        }
        shutdown(connection, CInt(SHUT_RDWR))
    }

    private static func readRequest(_ connection: CInt, _ pending: inout [UInt8]) -> String? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            if let length = length(of: pending), pending.count >= length {
                defer { pending.removeFirst(length) }
                return String(decoding: pending[..<length], as: UTF8.self)
            }
            let count = read(connection, &buffer, buffer.count)
            if count <= 0 { return nil }
            pending += buffer[..<count]
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
