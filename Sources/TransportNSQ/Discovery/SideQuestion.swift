internal import MQCore

/// Questions to nsqd's HTTP port that nobody depends on.
///
/// They are asked while the connections are being made, and an answer counts only if it is there before it is needed: loading
/// libcurl would take longer than that. HTTP/1.0 is all they take, since nsqd then ends its answer by closing.
enum SideQuestion {
    private static let patience = Duration.seconds(2)
    private static let limit = 16 << 20

    /// Asks every nsqd on a thread of its own.
    /// - Parameter question: called on each thread; what it is given asks for a path, and gives `nil` when there is no answer.
    static func ask(
        _ daemons: [Daemon], resolve: [String], stop: StopFlag,
        _ question: @escaping @Sendable (_ get: (String) -> [UInt8]?) -> Void
    ) {
        for daemon in daemons {
            BackgroundThread.startOrEnd("mq-nsq-ask") {
                question { path in try? get(path, of: daemon, resolve: resolve, until: .after(patience), stop: stop) }
            }
        }
    }

    /// The body of the answer.
    /// - Throws: `tryAgain` when the question was taken and not answered in time; anything else when it cannot be asked.
    static func get(
        _ path: String, of daemon: Daemon, resolve: [String], until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> [UInt8] {
        let socket = try Socket(to: daemon.http, resolve: resolve + daemon.resolution(resolve), until: deadline, stop: stop)
        guard socket.write(request(path, of: daemon)) else { throw TransportError(.unreachable, "no room for a request") }
        return try answer(on: socket, until: deadline, stop: stop)
    }

    /// Asks an nsqd of this machine without waiting for anything.
    /// - Returns: where the answer comes; `nil` where the question would have to wait.
    static func begin(_ path: String, of daemon: Daemon) -> Pending? {
        guard case .tcp(let host, _) = daemon.http, host.hasPrefix("127.") || host == "::1" else { return nil }
        guard let pending = try? Pending(daemon), pending.socket.write(request(path, of: daemon)) else { return nil }
        return pending
    }

    /// A question that was asked.
    final class Pending: Sendable {
        fileprivate let socket: Socket

        /// - Throws: `unreachable` where connecting takes a wait.
        fileprivate init(_ daemon: Daemon) throws(TransportError) {
            socket = try Socket(to: daemon.http, resolve: [], until: .immediately, stop: StopFlag())
        }

        var descriptor: CInt { socket.descriptor }

        /// The body of the answer; `nil` where there is none in time.
        func answer(until deadline: Deadline) -> [UInt8]? {
            try? SideQuestion.answer(on: socket, until: deadline, stop: StopFlag())
        }
    }

    private static func request(_ path: String, of daemon: Daemon) -> [UInt8] {
        Array(
            "GET \(path) HTTP/1.0\r\nHost: \(daemon.http.text)\r\nConnection: close\r\nAccept: application/vnd.nsq; version=1.0\r\nUser-Agent: mq\r\n\r\n"
                .utf8)
    }

    /// The body of the answer to what was asked on the socket.
    /// - Throws: as `get` does.
    private static func answer(on socket: borrowing Socket, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [UInt8] {
        let reply = try socket.readToEnd(limit: limit, until: deadline, stop: stop)
        guard let body = body(of: reply) else { throw TransportError(.protocolViolation, "unexpected answer") }
        return Array(body)
    }

    /// The body of a whole reply that says 200; `nil` for anything else.
    static func body(of reply: [UInt8]) -> ArraySlice<UInt8>? {
        let end = Array("\r\n\r\n".utf8)
        let heads = reply.prefix(1 << 16)
        guard heads.starts(with: "HTTP/1.".utf8), heads.count > 12, heads[8...].starts(with: " 200".utf8),
            let blank = heads.indices.dropLast(3).first(where: { heads[$0] == 0x0d && heads[$0...].starts(with: end) })
        else { return nil }
        let body = reply[(blank + 4)...]
        for line in heads[..<blank].split(separator: 0x0a) {
            let parts = String(decoding: line, as: UTF8.self).split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
            let digits = parts[1].filter { $0 != " " && $0 != "\r" && $0 != "\t" }
            guard Int(digits) == body.count else { return nil }
        }
        return body
    }
}
