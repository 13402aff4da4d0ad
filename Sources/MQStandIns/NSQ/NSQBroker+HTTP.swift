import Glibc
import MQCore

/// The HTTP interface of nsqd, and of nsqlookupd for what this daemon knows.
extension NSQBroker {
    private struct Request {
        var method: String
        var path: String
        var query: [String: String]
        var body: [UInt8]
    }

    private struct Reply {
        var status = 200
        var body: [UInt8]
        var isJSON = true

        static func text(_ text: String) -> Reply { Reply(body: Array(text.utf8), isJSON: false) }
        static func failure(_ status: Int, _ message: String) -> Reply {
            Reply(status: status, body: Array("{\"message\":\"\(message)\"}".utf8))
        }
        static let done = Reply(body: [], isJSON: false)
    }

    /// Answers all requests that are complete.
    func readHTTP(_ client: NSQClient) {
        while client.ending == .none, let line = client.input.firstIndex(of: 0x0a) {
            let words = String(decoding: client.input[..<line], as: UTF8.self).split(whereSeparator: { $0 == " " || $0.isNewline })
            guard words.count == 3, words[2].hasPrefix("HTTP/1.") else {
                // Protocol V2 on this port, for one.
                let text = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
                client.sendRaw(Array(text.utf8))
                client.ending = .whenSent
                return
            }
            guard let end = HTTPHead.end(of: client.input, from: 0) else { return }
            let lines = String(decoding: client.input[..<end], as: UTF8.self).split(separator: "\r\n")
            let headers = HTTPHead.fields(lines.dropFirst())
            let size = headers["content-length"].flatMap { Int($0) } ?? 0
            if headers["expect"] == "100-continue" && client.input.count == end && size > 0 {
                client.sendRaw(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
            }
            guard client.input.count >= end + size else { return }
            let parts = words[1].split(separator: "?", maxSplits: 1)
            let request = Request(
                method: String(words[0]), path: String(parts.first ?? "/"), query: Self.query(parts.count > 1 ? parts[1] : ""),
                body: Array(client.input[end..<end + size]))
            client.input.removeFirst(end + size)
            commandCounts["HTTP \(request.path)", default: 0] += 1
            // Of HTTP/1.0 the end of the answer is the end of the connection.
            let closes = words[2] == "HTTP/1.0" || headers["connection"]?.lowercased() == "close"
            send(route(request), to: client, closes: closes)
        }
    }

    private func send(_ reply: Reply, to client: NSQClient, closes: Bool) {
        let kind = reply.isJSON ? "application/json; charset=utf-8" : "text/plain; charset=utf-8"
        let reason = reply.status == 200 ? "OK" : "Refused"
        var head = "HTTP/1.1 \(reply.status) \(reason)\r\nContent-Type: \(kind)\r\nX-NSQ-Content-Type: nsq; version=1.0\r\n"
        head += "Content-Length: \(reply.body.count)\r\n\(closes ? "Connection: close\r\n" : "")\r\n"
        client.sendRaw(Array(head.utf8) + reply.body)
        if closes { client.ending = .whenSent }
    }

    private static func query(_ text: Substring) -> [String: String] {
        var result: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            result[unescaped(parts[0])] = parts.count > 1 ? unescaped(parts[1]) : ""
        }
        return result
    }

    private static func unescaped(_ text: Substring) -> String {
        var (bytes, rest) = ([UInt8](), Array(text.utf8)[...])
        while let byte = rest.popFirst() {
            if byte == 0x25, rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == 0x2b ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func route(_ request: Request) -> Reply {
        if request.path.hasPrefix("/mq/") {
            let (status, text) = StandInControl.answer(
                request.method, request.path, String(decoding: request.body, as: UTF8.self), faults: settings.chances
            ) { settings.chances = $0 }
            return Reply(status: status, body: Array(text.utf8), isJSON: false)
        }
        switch request.path {
        case "/ping": return .text("OK")
        case "/info": return Reply(body: info())
        case "/stats": return Reply(body: stats(request.query))
        case "/config/max_msg_size": return Reply(body: Array("\(settings.maximumMessageSize)".utf8))
        case "/config/max_body_size": return Reply(body: Array("\(settings.maximumBodySize)".utf8))
        case "/nodes", "/lookup", "/topics", "/channels": return lookup(request)
        case "/pub", "/mpub": return request.method == "POST" ? publish(request) : .failure(405, "METHOD_NOT_ALLOWED")
        case "/topic/tombstone": return tombstone(request)
        default: return administer(request)
        }
    }

    // MARK: publishing

    private func publish(_ request: Request) -> Reply {
        guard let topic = request.query["topic"] else { return .failure(400, "MISSING_ARG_TOPIC") }
        guard NSQName.isValid(topic) else { return .failure(400, "INVALID_TOPIC") }
        var bodies = [request.body]
        if request.path == "/mpub" { bodies = request.body.split(separator: 0x0a).map { Array($0) } }
        if bodies.contains(where: { $0.count > settings.maximumMessageSize }) { return .failure(413, "MSG_TOO_BIG") }
        guard bodies.contains(where: { !$0.isEmpty }) else { return .failure(400, "MSG_EMPTY") }
        publish(bodies, to: topic, delay: (request.query["defer"].flatMap { Int64($0) } ?? 0) * 1_000_000)
        return .text("OK")
    }

    // MARK: administration

    private func administer(_ request: Request) -> Reply {
        let words = request.path.split(separator: "/")
        let actions = ["create", "delete", "empty", "pause", "unpause"]
        guard words.count == 2, words[0] == "topic" || words[0] == "channel", actions.contains(String(words[1])) else {
            return .failure(404, "NOT_FOUND")
        }
        guard request.method == "POST" else { return .failure(405, "METHOD_NOT_ALLOWED") }
        guard let name = request.query["topic"] else { return .failure(400, "MISSING_ARG_TOPIC") }
        guard NSQName.isValid(name) else { return .failure(400, words[0] == "topic" ? "INVALID_TOPIC" : "INVALID_ARG_TOPIC") }
        if words == ["topic", "create"] {
            _ = topic(name)
            return .done
        }
        if words[0] == "channel" {
            guard let channelName = request.query["channel"] else { return .failure(400, "MISSING_ARG_CHANNEL") }
            guard NSQName.isValid(channelName) else { return .failure(400, "INVALID_ARG_CHANNEL") }
            guard let topic = topics[name] else { return .failure(404, "TOPIC_NOT_FOUND") }
            return administer(channelName, of: topic, words[1])
        }
        guard let topic = topics[name] else { return .failure(404, "TOPIC_NOT_FOUND") }
        switch words[1] {
        case "delete": delete(topic)
        case "empty": topic.backlog.removeAll()
        default: topic.isPaused = words[1] == "pause"
        }
        return .done
    }

    private func administer(_ name: String, of topic: NSQTopic, _ action: Substring) -> Reply {
        if action == "create" {
            _ = channel(name, of: topic)
            return .done
        }
        guard let channel = topic.channels[name] else { return .failure(404, "CHANNEL_NOT_FOUND") }
        switch action {
        case "delete": delete(channel, of: topic)
        case "empty": channel.empty()
        default: channel.isPaused = action == "pause"
        }
        return .done
    }

    // MARK: what is known

    private func lookup(_ request: Request) -> Reply {
        var json = JSONText()
        json.open("{")
        if request.path == "/nodes" || request.path == "/topics" {
            json.key(request.path == "/nodes" ? "producers" : "topics")
            json.open("[")
            if request.path == "/nodes" { producer(&json, withTopics: true) } else { for name in topics.keys.sorted() { json.value(name) } }
            json.close("]")
        } else {
            guard let name = request.query["topic"] else { return .failure(400, "MISSING_ARG_TOPIC") }
            let topic = topics[name]
            let isThere = topic != nil && !tombstones.contains(name)
            if topic == nil && request.path == "/lookup" { return .failure(404, "TOPIC_NOT_FOUND") }
            json.key("channels")
            json.open("[")
            for channel in (topic?.channels ?? [:]).keys.sorted() { json.value(channel) }
            json.close("]")
            if request.path == "/lookup" {
                json.key("producers")
                json.open("[")
                if isThere { producer(&json, withTopics: false) }
                json.close("]")
            }
        }
        json.close("}")
        return Reply(body: json.bytes)
    }

    /// As nsqlookupd has it: the producer is no more one of the topic until it says so anew.
    private func tombstone(_ request: Request) -> Reply {
        guard let name = request.query["topic"] else { return .failure(400, "MISSING_ARG_TOPIC") }
        guard request.query["node"] == "127.0.0.1:\(ports.http)" else { return .failure(400, "MISSING_ARG_NODE") }
        tombstones.insert(name)
        return .done
    }

    private func producer(_ json: inout JSONText, withTopics: Bool) {
        json.open("{")
        json.fields(
            ("remote_address", .text("127.0.0.1:\(ports.tcp)")), ("hostname", .text("stand-in")), ("broadcast_address", .text("127.0.0.1")),
            ("tcp_port", .number(ports.tcp)), ("http_port", .number(ports.http)), ("version", .text(Self.version)))
        if withTopics {
            json.key("tombstones")
            json.open("[")
            for name in topics.keys.sorted() { json.value(tombstones.contains(name)) }
            json.close("]")
            json.key("topics")
            json.open("[")
            for name in topics.keys.sorted() { json.value(name) }
            json.close("]")
        }
        json.close("}")
    }

    private func info() -> [UInt8] {
        var json = JSONText()
        json.open("{")
        json.fields(
            ("version", .text(Self.version)), ("broadcast_address", .text("127.0.0.1")), ("hostname", .text("stand-in")),
            ("http_port", .number(ports.http)), ("tcp_port", .number(ports.tcp)), ("start_time", .number(Int(startTime))),
            ("max_heartbeat_interval", .number(60_000_000_000)), ("max_output_buffer_size", .number(65536)),
            ("max_output_buffer_timeout", .number(30_000_000_000)), ("max_deflate_level", .number(6)))
        json.close("}")
        return json.bytes
    }
}
