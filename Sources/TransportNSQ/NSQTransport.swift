internal import Glibc
public import MQCore

/// Topics and channels of nsqd, over its TCP protocol.
public struct NSQTransport: Transport {
    let target: NSQTarget
    let options: OptionValues
    let settings: NSQSettings
    /// What a receiver consumes.
    let choice: TopicChoice
    /// The topic of `nsq:temp`.
    let temporary: TemporaryTopic?

    public init(_ address: Address, options: OptionValues) throws(TransportError) {
        let standard = getenv("MQ_NSQ").map { String(cString: $0) }
        target = try NSQTarget(address, socket: options.text("unix"), standard: standard?.isEmpty == true ? nil : standard)
        self.options = options
        settings = try NSQSettings(options)
        choice = try TopicChoice(target, pattern: options.text("topic-pattern"))
        temporary = target.isTemporary ? TemporaryTopic() : nil
        if settings.copies, case .lookup = target.place {
            throw TransportError(.usage, "copy needs the nsqds by name", hint: "nsq://host,host/topic,copy")
        }
    }

    public func explain() -> [Fact] {
        var facts: [Fact] = []
        switch target.place {
        case .direct(let peers):
            for peer in peers { facts.append(Fact("nsqd", "nsqd", .text(peer.text), source: target.placeSource)) }
        case .lookup(let peers):
            for peer in peers { facts.append(Fact("nsqlookupd", "nsqlookupd", .text(peer.text), source: target.placeSource)) }
        }
        if let temporary {
            facts.append(Fact("topic", "topic", .text(temporary.name), source: "private, removed at exit"))
            return facts
        }
        for topic in target.topics { facts.append(Fact("topic", "topic", .text(topic), source: "address")) }
        if choice.isOpenEnded {
            let words = options.has("topic-pattern") ? "every one that topic-pattern matches" : "every one"
            facts.append(Fact("topic", "topic", .text(words), source: "address"))
        }
        facts.append(
            Fact(
                "channel", "channel", .text(target.channel ?? "one of its own, mq…#ephemeral, to receive"),
                source: target.channel == nil ? "default" : "address"))
        return facts
    }

    /// For `temp`, a topic to be made and deleted: an ephemeral one would be quicker to have, but nsqd throws away what does not
    /// fit into its memory.
    public func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint {
        guard case .direct(let peers) = target.place else {
            throw TransportError(.unsupported, "two processes that have yet to meet need an nsqd by name", hint: "nsq://host/topic")
        }
        let isPrivate = target.isTemporary
        let topic = isPrivate ? String(unique.prefix(64)) : try requiredTopic()
        let queue = place(peers) + topic
        return MeetingPoint(
            sending: queue + options.text,
            receiving: "\(queue)/\(target.channel ?? "mq\(isPrivate ? "" : "#ephemeral")")\(options.text)",
            isPrivate: isPrivate)
    }

    public var mixesQueues: Bool { choice.isSeveral }

    /// - Throws: `usage` for an address without a topic, or with several.
    func requiredTopic() throws(TransportError) -> String {
        if choice.isSeveral {
            throw TransportError(.usage, "the address names several topics, which can only be received from", hint: "nsq:topic")
        }
        guard let topic = target.topic else {
            throw TransportError(.usage, "the address names no topic", hint: "nsq:topic/channel, nsq://host:4150/topic/channel")
        }
        return temporary?.name ?? topic
    }

    public func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        let topic = try requiredTopic()
        if let delay = opening.defaults.delay, delay > Packing.maximumDelay { throw NSQSender.tooLate(delay) }
        settings.connection.warnOfExposedSecret(opening.notices)
        let (daemons, discovery) = try producers(opening)
        let peers = daemons.map(\.peer)
        temporary?.keep(on: peers, settings.connection, opening)
        let asks = settings.limits.message == nil && options.flag("https") != true
        let limit = asks ? MessageLimit(daemons.asked, resolve: settings.connection.resolve, stop: opening.stop) : nil
        let needed = settings.copies ? peers.count : 1
        let crew = SendCrew(needed: needed, copies: settings.copies, opening: opening)
        let fleet = Fleet(crew, settings.connection, discovery: discovery, opening: opening, needed: needed) {
            (_, connection, _, _, _) throws(TransportError) in SendLink(connection)
        }
        try fleet.connect(to: peers.map { Route($0) }, all: settings.copies, until: opening.deadline, stop: opening.stop)
        if temporary != nil { opening.notices(.listening("\(place(peers))\(topic)/\(TemporaryTopic.channel)\(options.text)")) }
        return NSQSender(
            fleet, packing: Packing(topic: topic, delay: opening.defaults.delay), limits: settings.limits, asked: limit,
            temporary: temporary)
    }

    /// By which these nsqds are reached, up to the topic.
    func place(_ peers: [Peer]) -> String {
        let isTCP = peers.allSatisfy { if case .tcp = $0 { true } else { false } }
        return "nsq:" + (isTCP ? "//" + peers.map(\.text).joined(separator: ",") + "/" : "")
    }

    /// The nsqds to publish to: with nsqlookupd, every one there is.
    func producers(_ opening: Opening) throws(TransportError) -> ([Located], Discovery?) {
        switch target.place {
        case .direct(let peers): return (located(peers), nil)
        case .lookup(let lookupds):
            let lookup = Lookup(lookupds, resolve: settings.connection.resolve, notices: opening.notices)
            let nodes = try lookup.nodes(until: opening.deadline, stop: opening.stop).map(Located.init)
            if nodes.isEmpty { throw Lookup.nobody }
            let discovery = Discovery(
                find: { (deadline, stop) throws(TransportError) in
                    try lookup.nodes(until: deadline, stop: stop).map { Route($0.peer) }
                }, interval: settings.pollInterval, isPatient: false)
            return (nodes, discovery)
        }
    }

    func located(_ peers: [Peer]) -> [Located] {
        peers.map { Located(peer: $0, daemon: Daemon($0, httpPort: options.integer("http-port"))) }
    }
}
