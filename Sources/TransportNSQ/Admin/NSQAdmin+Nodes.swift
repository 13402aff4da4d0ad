internal import MQCore

/// The nsqds themselves, and who is connected to them.
extension NSQAdmin {
    // MARK: - Nodes

    func nodes() throws(TransportError) -> QueueListing {
        var entries: [LookupReply.Entry] = []
        var daemons = try self.daemons(having: nil)
        if let lookup, only == nil {
            entries = try lookup.entries(until: opening.deadline, stop: opening.stop)
                .filter { target.topics.isEmpty || !Set($0.topics).isDisjoint(with: target.topics) }
                .sorted { $0.node.peer.text < $1.node.peer.text }
            daemons = daemons.limited(to: Set(entries.map(\.node.peer)))
        }
        var reports: [(daemon: Daemon, report: AdminReport)] = []
        do throws(TransportError) { if !daemons.daemons.isEmpty { reports = try daemons.reports(topic: nil) } } catch {
            // What nsqlookupd says is worth showing all the same.
            if entries.isEmpty || opening.stop.isRaised { throw error }
            opening.notices.warn(error.message)
        }
        let known = Dictionary(reports.map { ($0.daemon.peer, $0.report) }) { first, _ in first }
        let places = entries.isEmpty ? daemons.daemons.map { ($0.peer, nil) } : entries.map { ($0.node.peer, Optional($0)) }
        return QueueListing(
            queues: places.map { node($0, $1, known[$0]) }, limits: [],
            columns: [
                .init("version", "version"), .init("health", "health"), .init("topics", "topics"), .init("messages", "messages"),
                .init("clients", "clients"), .init("tombstones", "tombstones"), .init("hostname", "host"),
            ])
    }

    /// - Parameters:
    ///   - entry: what nsqlookupd says of it.
    ///   - report: what it says of itself; `nil` when it does not answer.
    private func node(_ peer: Peer, _ entry: LookupReply.Entry?, _ report: AdminReport?) -> QueueStatus {
        let topics = report?.topics ?? entry.map { $0.topics.map { AdminTopic(name: $0) } } ?? []
        var status = QueueStatus(
            address: "nsq://\(peer.text)",
            facts: [
                Fact("version", "Version", .text(report?.version ?? entry?.version ?? "")),
                Fact("health", "Health", .text(report?.health ?? "no answer")), Fact("topics", "Topics", .number(topics.count)),
            ])
        if let report {
            let channels = report.topics.flatMap(\.channels)
            let messages = report.topics.reduce(0) { $0 &+ $1.counts.messages } &+ channels.reduce(0) { $0 &+ $1.counts.messages }
            status.facts += [
                Fact("channels", "Channels", .number(channels.count)), Fact("messages", "Messages", .number(messages)),
                Fact("clients", "Clients", .number(channels.reduce(0) { $0 &+ $1.counts.clients })),
                Fact("since", "Since", Self.time(report.startTime)),
            ]
        }
        if let entry {
            status.facts += [
                Fact("tombstones", "Tombstones", .number(entry.tombstoned.count)), Fact("hostname", "Host", .text(entry.hostname)),
            ]
            if let port = entry.node.httpPort { status.facts.append(Fact("http_port", "HTTP port", .identifier(port))) }
        }
        status.parts = topics.map { topic in
            let tombstone = entry.map { [Fact("tombstoned", "Tombstoned", .flag($0.tombstoned.contains(topic.name)))] } ?? []
            let facts = report == nil ? [] : topic.counts.topicFacts(topic.channels.map(\.counts))
            return QueueStatus(address: "nsq://\(peer.text)/\(topic.name)", facts: tombstone + facts)
        }
        return status
    }

    func onNode(_ name: String) throws(TransportError) -> any Admin {
        let all = try daemons(having: nil).daemons
        let bare = name.hasPrefix("nsq://") ? String(name.dropFirst(6).prefix { $0 != "/" && $0 != "," }) : name
        var found = all.filter { $0.peer.text == bare || $0.http.text == bare }
        if found.isEmpty { found = all.filter { if case .tcp(let host, _) = $0.peer { host == bare } else { false } } }
        guard found.count < 2 else {
            throw TransportError(.usage, "\(found.count) nsqds are at \(bare)", hint: "give the port, too: \(found[0].peer.text)")
        }
        guard let daemon = found.first else {
            let list = all.prefix(5).map(\.peer.text).joined(separator: ", ")
            throw TransportError(.noSuchQueue, "no nsqd \(bare)", hint: all.isEmpty ? nil : "there is \(list)\(all.count > 5 ? ", …" : "")")
        }
        return NSQAdmin(self, only: daemon)
    }

    // MARK: - Clients

    /// The consumers of a channel, or of every channel of a topic, and those that publish to it.
    func clients() throws(TransportError) -> QueueListing {
        let name = try requiredTopic()
        var queues: [QueueStatus] = []
        let reports = try daemons(having: name).reports(topic: name, withClients: true)
        guard reports.contains(where: { $0.report.topics.contains { has($0) } }) else { throw missing }
        for (daemon, report) in reports {
            for topic in report.topics {
                for channel in topic.channels where target.channel == nil || channel.name == target.channel {
                    queues += channel.counts.members.map { consumer($0, of: channel.name, daemon) }
                }
            }
            guard target.channel == nil else { continue }
            queues += report.publishers.filter { $0.published[name] != nil }.map { publisher($0, to: name, daemon) }
        }
        var columns = [
            QueueListing.Column("client", "client"), .init("channel", "channel"), .init("ready", "ready"), .init("in_flight", "in flight"),
            .init("received", "received"), .init("finished", "finished"), .init("requeued", "requeued"),
        ]
        if target.channel == nil { columns.append(.init("published", "published")) }
        if reports.count > 1 { columns.append(.init("node", "node")) }
        return QueueListing(queues: queues, limits: [], columns: columns)
    }

    private func has(_ topic: AdminTopic) -> Bool { target.channel.map { topic.channel($0) != nil } ?? true }

    private func consumer(_ client: AdminClient, of channel: String, _ daemon: Daemon) -> QueueStatus {
        QueueStatus(
            address: client.address,
            facts: [
                Fact("client", "Client", .text(client.name)), Fact("channel", "Channel", .text(channel)),
                Fact("ready", "Ready", .number(client.ready)), Fact("in_flight", "In flight", .number(client.inFlight)),
                Fact("received", "Received", .counter(client.received)), Fact("finished", "Finished", .counter(client.finished)),
                Fact("requeued", "Requeued", .counter(client.requeued)),
            ] + common(client, daemon))
    }

    private func publisher(_ client: AdminClient, to topic: String, _ daemon: Daemon) -> QueueStatus {
        QueueStatus(
            address: client.address,
            facts: [Fact("client", "Client", .text(client.name)), Fact("published", "Published", .counter(client.published[topic] ?? 0))]
                + common(client, daemon))
    }

    /// - Parameter seconds: since 1970.
    private static func time(_ seconds: Int) -> Fact.Value { .time(Int64(min(max(0, seconds), 9_000_000_000)) * 1_000_000_000) }

    private func common(_ client: AdminClient, _ daemon: Daemon) -> [Fact] {
        [
            Fact("user_agent", "Program", .text(client.userAgent)),
            Fact("since", "Since", Self.time(client.since)),
            Fact("node", "Node", .text("nsq://\(daemon.peer.text)")),
        ]
    }
}
