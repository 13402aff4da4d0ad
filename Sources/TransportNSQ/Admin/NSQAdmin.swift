internal import MQCore
internal import MQNet

/// Topics and channels, over the HTTP side of nsqd and nsqlookupd.
final class NSQAdmin: Admin {
    let target: NSQTarget
    private let options: OptionValues
    private let resolve: [String]
    /// For HTTPS; `nil` for plain HTTP.
    private let tls: TLSChoice?
    let opening: Opening
    private let client: HTTPClient
    let lookup: Lookup?
    /// The one nsqd that everything is about; `nil` for all of them.
    let only: Daemon?

    /// - Throws: `configuration` when libcurl cannot be opened.
    init(_ target: NSQTarget, options: OptionValues, connection: ConnectionSettings, opening: Opening) throws(TransportError) {
        (self.target, self.options, resolve, self.opening) = (target, options, connection.resolve, opening)
        tls = options.flag("https") == true ? connection.tls ?? TLSChoice() : nil
        client = try HTTPClient()
        if case .lookup(let lookupds) = target.place {
            lookup = Lookup(lookupds, resolve: resolve, notices: opening.notices)
        } else {
            lookup = nil
        }
        only = nil
    }

    /// The same for one nsqd alone.
    init(_ whole: NSQAdmin, only daemon: Daemon) {
        (target, options, resolve, tls, opening) = (whole.target, whole.options, whole.resolve, whole.tls, whole.opening)
        (client, lookup, only) = (whole.client, whole.lookup, daemon)
    }

    // MARK: - Who is asked

    /// Those that have the topic or, without one, all there are.
    func daemons(having topic: String?) throws(TransportError) -> AdminDaemons {
        let daemons: [Daemon]
        switch target.place {
        case _ where only != nil: daemons = [only!]
        case .direct(let peers):
            var list: [Daemon] = []
            for peer in peers { list.append(try daemon(at: peer)) }
            daemons = list
        case .lookup:
            // In the same order every time; nsqlookupd has none.
            daemons = try nodes(having: topic).sorted { $0.peer.text < $1.peer.text }.compactMap(daemon)
        }
        return AdminDaemons(daemons: daemons, resolve: resolve, tls: tls, client: client, opening: opening)
    }

    private func nodes(having topic: String?) throws(TransportError) -> [NSQNode] {
        guard let lookup else { return [] }
        guard let topic else { return try lookup.nodes(until: opening.deadline, stop: opening.stop) }
        return try lookup.producers(ofTopic: topic, until: opening.deadline, stop: opening.stop)
    }

    /// `nil`, said, for one that has no HTTP port.
    func daemon(_ node: NSQNode) -> Daemon? {
        // Of HTTPS nsqlookupd knows nothing.
        guard let port = tls == nil ? node.httpPort : options.integer("http-port") ?? node.tcpPort + 2 else {
            opening.notices.warn("\(node.peer.text) serves no HTTP and is left out")
            return nil
        }
        return Daemon(peer: node.peer, http: .tcp(host: node.host, port: port))
    }

    private func daemon(at peer: Peer) throws(TransportError) -> Daemon {
        guard let daemon = Daemon(peer, httpPort: options.integer("http-port"), usesTLS: tls != nil) else {
            throw TransportError(
                .usage, "\(peer.text) leads to nsqd, but not to its administration",
                hint: "http-port= names its HTTP port on this machine")
        }
        return daemon
    }

    func requiredTopic() throws(TransportError) -> String {
        guard let topic = target.topic else {
            throw TransportError(
                .usage, target.topics.isEmpty ? "the address names no topic" : "the address names several topics",
                hint: "nsq:topic, nsq:topic/channel")
        }
        return topic
    }

    /// Why nobody has the topic: where there is no nsqd, nobody has said that it does not exist.
    private func absence() throws(TransportError) -> TransportError {
        guard only == nil, let lookup else { return missing }
        return try lookup.nodes(until: opening.deadline, stop: opening.stop).isEmpty ? Lookup.nobody : missing
    }

    var missing: TransportError {
        target.channel == nil
            ? TransportError(.noSuchQueue, "no such topic", hint: "mq list shows what there is; the first message or mq create makes it")
            : TransportError(
                .noSuchQueue, "no such channel", hint: "mq stat of its topic shows its channels; the first mq recv or mq create makes it")
    }

    // MARK: - What there is

    func list() throws(TransportError) -> QueueListing {
        var topics = AdminStatistics.merged(try daemons(having: nil).statistics(topic: nil).map(\.topics))
        if !target.topics.isEmpty { topics.removeAll { !target.topics.contains($0.name) } }
        var queues: [QueueStatus] = []
        for topic in topics {
            queues.append(status(topic))
            for (name, counts) in topic.channels {
                queues.append(QueueStatus(address: address(topic.name, name), facts: counts.channelFacts))
            }
        }
        return QueueListing(
            queues: queues, limits: [],
            columns: [
                .init("messages", "messages"), .init("in_flight", "in flight"), .init("deferred", "deferred"),
                .init("clients", "clients"), .init("paused", "paused"),
            ])
    }

    func status() throws(TransportError) -> QueueStatus {
        let name = try requiredTopic()
        let found = try daemons(having: name).statistics(topic: name)
        guard let topic = AdminStatistics.merged(found.map(\.topics)).first else { throw try absence() }
        var result = status(topic)
        if let channel = target.channel {
            guard let counts = topic.channel(channel) else { throw missing }
            result = QueueStatus(address: address(name, channel), facts: counts.channelFacts)
        } else {
            result.parts = topic.channels.map { QueueStatus(address: address(name, $0.name), facts: $0.counts.channelFacts) }
        }
        if found.count > 1 {
            result.facts.append(Fact("nsqds", "nsqds", .number(target.channel.flatMap(topic.channel)?.daemons ?? topic.counts.daemons)))
            for (daemon, topics) in found { result.parts += topics.compactMap { part($0, of: daemon) } }
        }
        return result
    }

    private func status(_ topic: AdminTopic) -> QueueStatus {
        QueueStatus(address: address(topic.name, nil), facts: topic.counts.topicFacts(topic.channels.map(\.counts)))
    }

    /// What one of several nsqds has of the addressed queue.
    private func part(_ topic: AdminTopic, of daemon: Daemon) -> QueueStatus? {
        let prefix = "nsq://\(daemon.peer.text)/\(topic.name)"
        guard let channel = target.channel else {
            return QueueStatus(address: prefix, facts: topic.counts.topicFacts(topic.channels.map(\.counts)))
        }
        return topic.channel(channel).map { QueueStatus(address: "\(prefix)/\(channel)", facts: $0.channelFacts) }
    }

    /// By which the same nsqds are reached again.
    private func address(_ topic: String, _ channel: String?) -> String {
        let names = topic + (channel.map { "/\($0)" } ?? "")
        let hosts: String
        switch target.place {
        case _ where only != nil: hosts = "nsq://\(only!.peer.text)/"
        case .lookup(let peers): hosts = "nsqlookup://" + peers.map(\.text).joined(separator: ",") + "/"
        case .direct(let peers) where target.placeSource == "address": hosts = "nsq://" + peers.map(\.text).joined(separator: ",") + "/"
        case .direct: hosts = "nsq:"
        }
        return hosts + names + options.text
    }

    // MARK: - What is done to it

    private func query(_ topic: String, _ channel: String? = nil) -> String {
        "?topic=\(LookupExchange.escaped(topic))" + (channel.map { "&channel=\(LookupExchange.escaped($0))" } ?? "")
    }

    /// Does it on every nsqd that has the queue.
    private func act(_ verb: String, on daemons: AdminDaemons? = nil) throws(TransportError) {
        let topic = try requiredTopic()
        let kind = target.channel == nil ? "topic" : "channel"
        let all = if let daemons { daemons } else { try self.daemons(having: topic) }
        if try all.tell("/\(kind)/\(verb)\(query(topic, target.channel))") == 0 { throw missing }
    }

    func create(exclusive: Bool) throws(TransportError) -> Bool {
        let topic = try requiredTopic()
        if target.isTemporary { throw TransportError(.usage, "temp is created by its first user and removed with its last one") }
        let all = try daemons(having: nil)
        if all.daemons.isEmpty { throw TransportError(.unreachable, "no nsqd is there to have it", isRetriable: true) }
        let found = try all.statistics(topic: topic).filter { entry in
            entry.topics.contains { topic in target.channel.map { topic.channel($0) != nil } ?? true }
        }
        if found.count == all.daemons.count {
            if exclusive {
                throw TransportError(.cannotCreate, target.channel == nil ? "the topic exists already" : "the channel exists already")
            }
            return false
        }
        let paths = ["/topic/create\(query(topic))"] + (target.channel.map { ["/channel/create\(query(topic, $0))"] } ?? [])
        for path in paths {
            _ = try lookup?.tell(path, on: client, until: opening.deadline, stop: opening.stop)
            _ = try all.tell(path)
        }
        return true
    }

    func delete() throws(TransportError) {
        let topic = try requiredTopic()
        if let only {
            // Consumers are not sent there again while what they had goes.
            if let lookup, target.channel == nil, case .tcp(let host, let port) = only.http {
                let path = "/topic/tombstone\(query(topic))&node=\(host):\(port)"
                _ = try lookup.tell(path, on: client, until: opening.deadline, stop: opening.stop)
            }
            return try act("delete")
        }
        // They must be found before nsqlookupd forgets them; and it forgets first, or consumers would make it anew.
        let having = try daemons(having: topic)
        let path = target.channel.map { "/channel/delete\(query(topic, $0))" } ?? "/topic/delete\(query(topic))"
        let known = try lookup?.tell(path, on: client, until: opening.deadline, stop: opening.stop) ?? 0
        guard !having.daemons.isEmpty else {
            // nsqlookupd forgets any topic, known or not; of a channel it tells.
            if target.channel == nil || known == 0 { throw missing }
            return
        }
        try act("delete", on: having)
    }

    func purge() throws(TransportError) -> Int {
        let topic = try requiredTopic()
        let having = try daemons(having: topic)
        let topics = try having.statistics(topic: topic).flatMap(\.topics)
        var count = 0
        var left = 0
        for topic in topics {
            if let channel = target.channel {
                let counts = topic.channel(channel)
                // What is in flight or deferred goes as well (nsqd, Channel.Empty).
                count &+= counts.map { $0.messages &+ $0.inFlight &+ $0.deferred } ?? 0
            } else {
                count &+= topic.counts.messages
                left &+= topic.channels.reduce(0) { $0 &+ $1.counts.messages }
            }
        }
        try act("empty", on: having)
        if left > 0 {
            opening.notices.warn(
                "the topic's channels keep what they have (\(Quantity.grouped(left))): mq purge \(address(topic, "CHANNEL"))")
        }
        return count
    }

    func pause(_ paused: Bool) throws(TransportError) { try act(paused ? "pause" : "unpause") }
}
