import MQCore

/// `GET /stats` for people, in the columns of nsqd 1.3.0; of memory nothing is said.
extension NSQBroker {
    func statsText(_ query: [String: String]) -> [UInt8] {
        let now = wallNanoseconds() / 1_000_000_000
        var text =
            "nsqd v\(Self.version) (built w/mq)\nstart_time \(Timestamp.text(startTime * 1_000_000_000).prefix(19))Z\nuptime \(now - startTime)s\n\nHealth: OK\n"
        let names = chosenTopics(query)
        text += names.isEmpty ? "\nTopics: None\n" : "\nTopics:"
        for name in names {
            let topic = topics[name]!
            text +=
                "\n\(topic.isPaused ? "*P " : "   ")[\(Self.left(name, 15))] depth: \(Self.left(topic.backlog.count, 5)) be-depth: 0    "
            text += " msgs: \(Self.left(topic.messageCount, 8)) e2e%: \n"
            for channel in topic.channels.keys.sorted() where query["channel"] == nil || query["channel"] == channel {
                text += line(topic.channels[channel]!)
                for client in query["include_clients"] == "false" ? [] : topic.channels[channel]!.clients {
                    text += "        \(line(client, now))\n"
                }
            }
        }
        let producers = query["include_clients"] == "false" ? [] : clients.filter { !$0.published.isEmpty }
        text += producers.isEmpty ? "\nProducers: None\n" : "\nProducers:\n"
        for client in producers { text += "   \(line(publisher: client, now))\n" }
        return Array(text.utf8)
    }

    private func line(_ channel: NSQChannel) -> String {
        let state = channel.state
        return "   \(channel.isPaused ? "*P " : "   ")[\(Self.left(channel.name, 25))] depth: \(Self.left(state.depth, 5)) be-depth: 0    "
            + " inflt: \(Self.left(state.inFlight, 4)) def: \(Self.left(state.deferred, 4)) re-q: \(Self.left(state.requeued, 5))"
            + " timeout: \(Self.left(state.timedOut, 5)) msgs: \(Self.left(channel.messageCount, 8)) e2e%: \n"
    }

    private func line(_ client: NSQClient, _ now: Int64) -> String {
        "[V2 \(Self.name(client))] state: \(client.stateNumber) inflt: \(Self.left(client.inFlightCount, 4)) rdy: \(Self.left(client.ready, 4))"
            + " fin: \(Self.left(client.finished, 8)) re-q: \(Self.left(client.requeued, 8)) msgs: \(Self.left(client.received, 8))"
            + " connected: \(now - client.since)s"
    }

    private func line(publisher client: NSQClient, _ now: Int64) -> String {
        let topics = client.published.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        let sum = client.published.values.reduce(0, +)
        return "[V2 \(Self.name(client))] msgs: \(Self.left(sum, 8)) topics: \(topics) connected: \(now - client.since)s"
    }

    private static func name(_ client: NSQClient) -> String {
        let port = client.peer.split(separator: ":").last ?? ""
        return left("\(client.identity["client_id"] ?? ""):\(port) \(client.identity["user_agent"] ?? "")", 21)
    }

    /// At the left of a column.
    private static func left(_ value: some CustomStringConvertible, _ width: Int) -> String {
        let text = value.description
        return text + String(repeating: " ", count: max(0, width - text.count))
    }
}
