internal import MQCore

/// An nsqd, by the names of its two ports.
struct Daemon: Sendable, Hashable {
    /// As addresses name it.
    var peer: Peer
    var http: Peer

    init(peer: Peer, http: Peer) { (self.peer, self.http) = (peer, http) }

    /// - Returns: `nil` for a UNIX socket, which tells nothing of the port.
    init?(_ peer: Peer, httpPort: Int?, usesTLS: Bool = false) {
        switch peer {
        case .tcp(let host, let port): self.init(peer: peer, http: .tcp(host: host, port: httpPort ?? min(port + (usesTLS ? 2 : 1), 65535)))
        case .unix:
            guard let httpPort else { return nil }
            self.init(peer: peer, http: .tcp(host: "127.0.0.1", port: httpPort))
        }
    }

    /// An address given for the TCP port serves for the HTTP port as well.
    func resolution(_ resolve: [String]) -> [String] {
        guard case .tcp(let host, let port) = peer, case .tcp(host, let httpPort) = http else { return [] }
        return resolve.filter { $0.hasPrefix("\(host):\(port):") || $0.hasPrefix("*:\(port):") }.map { entry in
            "\(host):\(httpPort):\(entry.split(separator: ":", maxSplits: 2)[2])"
        }
    }
}

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
            BackgroundThread.start {
                question { path in try? get(path, of: daemon, resolve: resolve, stop: stop) }
            }
        }
    }

    private static func get(_ path: String, of daemon: Daemon, resolve: [String], stop: StopFlag) throws(TransportError) -> [UInt8] {
        let deadline = Deadline.after(patience)
        let socket = try Socket(to: daemon.http, resolve: resolve + daemon.resolution(resolve), until: deadline, stop: stop)
        let request =
            "GET \(path) HTTP/1.0\r\nHost: \(daemon.http.text)\r\nAccept: application/vnd.nsq; version=1.0\r\nUser-Agent: mq\r\n\r\n"
        guard socket.write(Array(request.utf8)) else { throw TransportError(.unreachable, "no room for a request") }
        let reply = try socket.readToEnd(limit: limit, until: deadline, stop: stop)
        guard let body = body(of: reply) else { throw TransportError(.protocolViolation, "no answer of use") }
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
