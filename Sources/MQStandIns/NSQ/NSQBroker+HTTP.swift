import Glibc
import MQCore

/// The HTTP interface of nsqd, and of nsqlookupd for what this daemon knows.
extension NSQBroker {
    /// Answers all requests that are complete.
    func readHTTP(_ client: NSQClient) {
        do throws(HTTPRequest.Failure) {
            while client.ending == .none {
                let invite = { client.sendRaw(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
                guard let request = try HTTPRequest.take(from: &client.input, invite: invite) else { return }
                commandCounts["HTTP \(request.path)", default: 0] += 1
                send(route(request), to: client, closes: request.closes)
            }
        } catch {
            let text = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
            client.sendRaw(Array(text.utf8))
            client.ending = .whenSent
        }
    }

    private func send(_ reply: NSQReply, to client: NSQClient, closes: Bool) {
        let kind = reply.isJSON ? "application/json; charset=utf-8" : "text/plain; charset=utf-8"
        let reason = reply.status == 200 ? "OK" : "Refused"
        var head = "HTTP/1.1 \(reply.status) \(reason)\r\nContent-Type: \(kind)\r\nX-NSQ-Content-Type: nsq; version=1.0\r\n"
        head += "Content-Length: \(reply.body.count)\r\n\(closes ? "Connection: close\r\n" : "")\r\n"
        client.sendRaw(Array(head.utf8) + reply.body)
        if closes { client.ending = .whenSent }
    }

    /// Of several values of a name the first, as nsqd takes them.
    private static func query(_ text: String) -> [String: String] {
        let pairs = Array(text.utf8).withUnsafeBytes { FormText.pairs($0) }
        return Dictionary(pairs.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }) { first, _ in first }
    }

    private func route(_ request: HTTPRequest) -> NSQReply {
        if request.path.hasPrefix("/mq/") {
            let (status, text) = StandInControl.answer(
                request.method, request.path, String(decoding: request.body, as: UTF8.self), faults: settings.chances
            ) { settings.chances = $0 }
            return NSQReply(status: status, body: Array(text.utf8), isJSON: false)
        }
        let query = Self.query(request.query)
        switch request.path {
        case "/ping", "/info", "/stats": return request.method == "GET" ? tell(request.path, query) : .wrongMethod
        case "/nodes", "/lookup", "/topics", "/channels": return lookup(request.path, query)
        case "/pub", "/mpub": return request.method == "POST" ? publish(request, query) : .wrongMethod
        case "/topic/tombstone": return tombstone(query)
        case let path where path.hasPrefix("/config/") && path.utf8.count > 8: return configure(request)
        default: return administer(request, query)
        }
    }

    private func tell(_ path: String, _ query: [String: String]) -> NSQReply {
        switch path {
        case "/ping": .text("OK")
        case "/info": NSQReply(body: info())
        default: query["format"] == "json" ? NSQReply(body: stats(query)) : NSQReply(body: statsText(query), isJSON: false)
        }
    }

    // MARK: publishing

    private func publish(_ request: HTTPRequest, _ query: [String: String]) -> NSQReply {
        let isBatch = request.path == "/mpub"
        if isBatch {
            if request.body.count > settings.maximumBodySize { return .failure(413, "BODY_TOO_BIG") }
        } else {
            if request.body.count > settings.maximumMessageSize { return .failure(413, "MSG_TOO_BIG") }
            if request.body.isEmpty { return .failure(400, "MSG_EMPTY") }
        }
        guard let topic = query["topic"] else { return .failure(400, "MISSING_ARG_TOPIC") }
        guard NSQName.isValid(topic) else { return .failure(400, "INVALID_TOPIC") }
        var (bodies, delay) = ([request.body], Int64(0))
        if !isBatch, let text = query["defer"] {
            guard let milliseconds = Int64(text), (0...Int64(settings.maximumRequeueDelay.milliseconds)).contains(milliseconds) else {
                return .failure(400, "INVALID_DEFER")
            }
            delay = milliseconds * 1_000_000
        } else if isBatch, let word = query["binary"], word != "false", word != "0" {
            do throws(NSQRefusal) { bodies = try split(request.body) } catch {
                // The code is the first word, behind its "E_".
                return .failure(413, String(error.text.dropFirst(2).prefix { $0 != " " }))
            }
        } else if isBatch {
            bodies = request.body.split(separator: 0x0a).map { Array($0) }
            if bodies.contains(where: { $0.count > settings.maximumMessageSize }) { return .failure(413, "MSG_TOO_BIG") }
        }
        publish(bodies, to: topic, delay: delay)
        return .text("OK")
    }

    // MARK: administration

    private func administer(_ request: HTTPRequest, _ query: [String: String]) -> NSQReply {
        let words = request.path.split(separator: "/")
        let actions = ["create", "delete", "empty", "pause", "unpause"]
        guard words.count == 2, words[0] == "topic" || words[0] == "channel", actions.contains(String(words[1])) else {
            return .failure(404, "NOT_FOUND")
        }
        guard request.method == "POST" else { return .wrongMethod }
        guard let name = query["topic"] else { return .failure(400, "MISSING_ARG_TOPIC") }
        guard NSQName.isValid(name) else { return .failure(400, words[0] == "topic" ? "INVALID_TOPIC" : "INVALID_ARG_TOPIC") }
        if words == ["topic", "create"] {
            _ = topic(name)
            return .done
        }
        if words[0] == "channel" {
            guard let channelName = query["channel"] else { return .failure(400, "MISSING_ARG_CHANNEL") }
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

    private func administer(_ name: String, of topic: NSQTopic, _ action: Substring) -> NSQReply {
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

    private func lookup(_ path: String, _ query: [String: String]) -> NSQReply {
        var json = JSONText()
        json.open("{")
        if path == "/nodes" || path == "/topics" {
            json.key(path == "/nodes" ? "producers" : "topics")
            json.open("[")
            if path == "/nodes" { producer(&json, withTopics: true) } else { for name in topics.keys.sorted() { json.value(name) } }
            json.close("]")
        } else {
            guard let name = query["topic"] else { return .failure(400, "MISSING_ARG_TOPIC") }
            let topic = topics[name]
            let isThere = topic != nil && !tombstones.contains(name)
            if topic == nil && path == "/lookup" { return .failure(404, "TOPIC_NOT_FOUND") }
            json.key("channels")
            json.open("[")
            for channel in (topic?.channels ?? [:]).keys.sorted() { json.value(channel) }
            json.close("]")
            if path == "/lookup" {
                json.key("producers")
                json.open("[")
                if isThere { producer(&json, withTopics: false) }
                json.close("]")
            }
        }
        json.close("}")
        return NSQReply(body: json.bytes)
    }

    /// As nsqlookupd has it: the producer is no more one of the topic until it says so anew.
    private func tombstone(_ query: [String: String]) -> NSQReply {
        guard let name = query["topic"] else { return .failure(400, "MISSING_ARG_TOPIC") }
        guard query["node"] == "127.0.0.1:\(ports.http)" else { return .failure(400, "MISSING_ARG_NODE") }
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
