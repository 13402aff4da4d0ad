import Glibc
import MQCore

/// Answers who asks a working verb over HTTP what it is doing, or wants it to pause; on a thread of its own.
final class StatusServer: Sendable {
    private let report: StatusReport
    private let listener: CInt
    /// Where it listens: `http://127.0.0.1:9000/`.
    let url: String

    private static let mostConnections = 16
    /// How long a request may take to come, and its answer to go.
    private static let patience = Duration.seconds(5)

    /// - Throws: `usage` for an address that is none, or that others could reach though that was not asked for; `cannotCreate`.
    init(_ place: StatusAddress, _ report: StatusReport) throws(TransportError) {
        self.report = report
        (listener, url) = try place.listen()
    }

    deinit { close(listener) }

    func start() throws(TransportError) { try BackgroundThread.start("mq-status") { self.run() } }

    private struct Connection {
        let descriptor: CInt
        var request: [UInt8] = []
        var answer: [UInt8] = []
        var sent = 0
        let end = Deadline.after(StatusServer.patience)

        var hasAnswer: Bool { !answer.isEmpty }
    }

    private func run() -> Never {
        var connections: [Connection] = []
        while true {
            var polled = connections.map { pollfd(fd: $0.descriptor, events: Int16($0.hasAnswer ? POLLOUT : POLLIN), revents: 0) }
            polled.append(pollfd(fd: connections.count < Self.mostConnections ? listener : -1, events: Int16(POLLIN), revents: 0))
            _ = poll(&polled, nfds_t(polled.count), connections.isEmpty ? -1 : 250)
            for index in connections.indices.reversed() {
                let isOver = polled[index].revents == 0 ? connections[index].end.hasPassed : !goOn(&connections[index])
                guard isOver else { continue }
                close(connections[index].descriptor)
                connections.remove(at: index)
            }
            if polled[polled.count - 1].revents != 0 {
                let descriptor = accept(listener, nil, nil)
                if descriptor >= 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0, fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 {
                    connections.append(Connection(descriptor: descriptor))
                }
            }
        }
    }

    /// Reads, or writes; false when the connection is to be closed.
    private func goOn(_ connection: inout Connection) -> Bool {
        if !connection.hasAnswer {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(connection.descriptor, &buffer, buffer.count)
            guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
            connection.request += buffer[..<count]
            guard let request = StatusRequest.parse(connection.request) else { return true }
            connection.answer = answer(request, hasBody: !connection.request.starts(with: "HEAD ".utf8))
        }
        let rest = connection.answer[connection.sent...]
        let count = rest.withUnsafeBytes { send(connection.descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        connection.sent += count
        guard connection.sent == connection.answer.count else { return true }
        // What was not read would make the kernel reset the connection, and the answer would be lost with it.
        shutdown(connection.descriptor, CInt(SHUT_WR))
        var rubbish = [UInt8](repeating: 0, count: 4096)
        while read(connection.descriptor, &rubbish, rubbish.count) > 0 {}
        return false
    }

    func answer(_ request: StatusRequest, hasBody: Bool = true) -> [UInt8] {
        var (status, kind) = ("200 OK", "application/json")
        let body: [UInt8]
        switch request {
        case .report: body = report.json
        case .metrics: (kind, body) = ("text/plain; version=0.0.4; charset=utf-8", report.metrics)
        case .pause, .resume:
            if request == .pause { report.gate.close() } else { report.gate.open() }
            body = report.json
        case .refused(let code, let words):
            (status, kind, body) = ("\(code) \(Self.reasons[code] ?? "Error")", "text/plain; charset=utf-8", Array("\(words)\n".utf8))
        }
        let head =
            "HTTP/1.1 \(status)\r\nContent-Type: \(kind)\r\nContent-Length: \(body.count)\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        return Array(head.utf8) + (hasBody ? body : [])
    }

    private static let reasons = [
        400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 431: "Request Header Fields Too Large",
    ]
}
