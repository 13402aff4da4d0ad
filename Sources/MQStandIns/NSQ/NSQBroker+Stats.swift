import MQCore

/// `GET /stats?format=json`, with the members that nsqd 1.3.0 sends.
extension NSQBroker {
    func stats(_ query: [String: String]) -> [UInt8] {
        var json = JSONText()
        json.open("{")
        json.fields(("version", .text(Self.version)), ("health", .text("OK")), ("start_time", .number(Int(startTime))))
        json.key("topics")
        json.open("[")
        for name in topics.keys.sorted() where query["topic"] == nil || query["topic"] == name {
            describe(topics[name]!, query, into: &json)
        }
        json.close("]")
        json.key("producers")
        json.open("[")
        json.close("]")
        json.close("}")
        return json.bytes
    }

    private func describe(_ topic: NSQTopic, _ query: [String: String], into json: inout JSONText) {
        json.open("{")
        json.fields(("topic_name", .text(topic.name)))
        json.key("channels")
        json.open("[")
        for name in topic.channels.keys.sorted() where query["channel"] == nil || query["channel"] == name {
            describe(topic.channels[name]!, withClients: query["include_clients"] != "false", into: &json)
        }
        json.close("]")
        json.fields(
            ("depth", .number(topic.backlog.count)), ("backend_depth", .number(0)), ("message_count", .number(topic.messageCount)),
            ("message_bytes", .number(0)), ("paused", .truth(topic.isPaused)))
        json.close("}")
    }

    private func describe(_ channel: NSQChannel, withClients: Bool, into json: inout JSONText) {
        let state = channel.state
        json.open("{")
        json.fields(
            ("channel_name", .text(channel.name)), ("depth", .number(state.depth)), ("backend_depth", .number(0)),
            ("in_flight_count", .number(state.inFlight)), ("deferred_count", .number(state.deferred)),
            ("message_count", .number(channel.messageCount)), ("requeue_count", .number(state.requeued)),
            ("timeout_count", .number(state.timedOut)), ("client_count", .number(state.clients)))
        json.key("clients")
        json.open("[")
        for client in withClients ? channel.clients : [] {
            json.open("{")
            json.fields(
                ("client_id", .text(client.identity["client_id"] ?? "")), ("hostname", .text(client.identity["hostname"] ?? "")),
                ("version", .text("V2")), ("remote_address", .text("127.0.0.1:0")), ("state", .number(client.state == .closing ? 4 : 3)),
                ("ready_count", .number(client.ready)), ("in_flight_count", .number(client.inFlightCount)),
                ("user_agent", .text(client.identity["user_agent"] ?? "")))
            json.close("}")
        }
        json.close("]")
        json.fields(("paused", .truth(channel.isPaused)))
        json.close("}")
    }
}
