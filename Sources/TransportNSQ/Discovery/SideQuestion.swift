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
        let request =
            "GET \(path) HTTP/1.0\r\nHost: \(daemon.http.text)\r\nConnection: close\r\nAccept: application/vnd.nsq; version=1.0\r\nUser-Agent: mq\r\n\r\n"
        guard socket.write(Array(request.utf8)) else { throw TransportError(.unreachable, "no room for a request") }
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
