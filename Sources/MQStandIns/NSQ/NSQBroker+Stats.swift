import MQCore

/// `GET /stats?format=json`, with the members that nsqd 1.3.0 sends, but memory.
extension NSQBroker {
    func stats(_ query: [String: String]) -> [UInt8] {
        var json = JSONText()
        json.open("{")
        json.fields(("version", .text(Self.version)), ("health", .text("OK")), ("start_time", .number(Int(startTime))))
        json.key("topics")
        json.open("[")
        for name in chosenTopics(query) {
            describe(topics[name]!, query, into: &json)
        }
        json.close("]")
        json.key("producers")
        json.open("[")
        for client in query["include_clients"] == "false" ? [] : clients where !client.published.isEmpty {
            describe(publisher: client, into: &json)
        }
        json.close("]")
        json.close("}")
        return json.bytes
    }

    /// By name. Of a topic without the channel that was asked for nothing is said.
    func chosenTopics(_ query: [String: String]) -> [String] {
        topics.keys.sorted().filter { name in
            (query["topic"] ?? name) == name && query["channel"].map { topics[name]?.channels[$0] != nil } ?? true
        }
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
            ("message_bytes", .number(topic.byteCount)), ("paused", .truth(topic.isPaused)))
        describeLatency(into: &json)
        json.close("}")
    }

    private func describe(publisher client: NSQClient, into json: inout JSONText) {
        json.open("{")
        describe(client, into: &json)
        json.key("pub_counts")
        json.open("[")
        for (topic, count) in client.published.sorted(by: { $0.key < $1.key }) {
            json.open("{")
            json.fields(("topic", .text(topic)), ("count", .number(count)))
            json.close("}")
        }
        json.close("]")
        json.close("}")
    }

    private func describe(_ client: NSQClient, into json: inout JSONText) {
        json.fields(
            ("client_id", .text(client.identity["client_id"] ?? "")), ("hostname", .text(client.identity["hostname"] ?? "")),
            ("version", .text("V2")), ("remote_address", .text(client.peer)), ("state", .number(client.stateNumber)),
            ("ready_count", .number(client.ready)), ("in_flight_count", .number(client.inFlightCount)),
            ("message_count", .number(client.received)), ("finish_count", .number(client.finished)),
            ("requeue_count", .number(client.requeued)), ("connect_ts", .number(Int(client.since))),
            ("sample_rate", .number(client.sampleRate)), ("deflate", .truth(client.layers.contains { $0 is NSQDeflateLayer })),
            ("snappy", .truth(client.layers.contains { $0 is NSQSnappyLayer })),
            ("tls", .truth(client.layers.contains { $0 is NSQTLSLayer })), ("user_agent", .text(client.identity["user_agent"] ?? "")))
    }

    private func describe(_ channel: NSQChannel, withClients: Bool, into json: inout JSONText) {
        let state = channel.state
        json.open("{")
        json.fields(
            ("channel_name", .text(channel.name)), ("depth", .number(state.depth)), ("backend_depth", .number(0)),
            ("in_flight_count", .number(state.inFlight)), ("deferred_count", .number(state.deferred)),
            ("message_count", .number(channel.messageCount)), ("global_msg_count", .number(channel.messageCount)),
            ("requeue_count", .number(state.requeued)),
            ("timeout_count", .number(state.timedOut)), ("client_count", .number(state.clients)))
        json.key("clients")
        json.open("[")
        for client in withClients ? channel.clients : [] {
            json.open("{")
            describe(client, into: &json)
            json.close("}")
        }
        json.close("]")
        json.fields(("paused", .truth(channel.isPaused)))
        describeLatency(into: &json)
        json.close("}")
    }

    /// Of an nsqd that measures none; nsqadmin and nsq_stat do not work without it.
    private func describeLatency(into json: inout JSONText) {
        json.key("e2e_processing_latency")
        json.open("{")
        json.fields(("count", .number(0)))
        json.key("percentiles")
        json.null()
        json.close("}")
    }
}
