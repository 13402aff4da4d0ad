internal import Glibc
public import MQCore

/// Topics and channels of nsqd, over its TCP protocol.
public struct NSQTransport: Transport {
    let target: NSQTarget
    let options: OptionValues
    let settings: NSQSettings
    /// The topic of `nsq:temp`.
    let temporary: TemporaryTopic?

    public init(_ address: Address, options: OptionValues) throws(TransportError) {
        let standard = getenv("MQ_NSQ").map { String(cString: $0) }
        target = try NSQTarget(address, socket: options.text("unix"), standard: standard?.isEmpty == true ? nil : standard)
        self.options = options
        settings = try NSQSettings(options)
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
        if let topic = target.topic { facts.append(Fact("topic", "topic", .text(topic), source: "address")) }
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
            receiving: "\(queue)/\(target.channel ?? "bench\(isPrivate ? "" : "#ephemeral")")\(options.text)",
            isPrivate: isPrivate)
    }

    /// - Throws: `usage` for an address without a topic.
    func requiredTopic() throws(TransportError) -> String {
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
        let crew = SendCrew(needed: needed, copies: settings.copies, retries: opening.retry != nil)
        let fleet = Fleet(crew, settings.connection, discovery: discovery, opening: opening, needed: needed) {
            (connection, _, _) throws(TransportError) in SendLink(connection)
        }
        try fleet.connect(to: peers, all: settings.copies, until: opening.deadline, stop: opening.stop)
        if temporary != nil { opening.notices(.listening("\(place(peers))\(topic)/\(TemporaryTopic.channel)\(options.text)")) }
        return NSQSender(
            fleet, packing: Packing(topic: topic, delay: opening.defaults.delay), limits: settings.limits, asked: limit,
            temporary: temporary)
    }

    /// The most that `--peek` shows: what RDY may say.
    static let mostPeeked = 2500

    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        let topic = try requiredTopic()
        let peeks = opening.mode == .peek
        let channel = target.channel ?? (temporary == nil ? Self.ownChannel() : TemporaryTopic.channel)
        if target.channel == nil {
            if peeks { throw TransportError(.usage, "to peek, name the channel to look into", hint: "nsq:\(target.topic!)/channel") }
            if temporary == nil { opening.notices.detail("listening on the channel \(channel), which ends with us") }
        }
        settings.connection.warnOfExposedSecret(opening.notices)
        let (daemons, discovery) = try consumed(topic, opening)
        let peers = daemons.map(\.peer)
        temporary?.keep(on: peers, settings.connection, opening)
        let asks = temporary == nil && options.flag("https") != true
        let first = asks ? FirstChannel.look(for: topic, channel, on: daemons.asked, resolve: settings.connection.resolve, opening) : nil
        let inquiry = ChannelInquiry(
            topic: topic, channel: channel, daemons: daemons.byPeer, httpPort: options.integer("http-port"),
            resolve: settings.connection.resolve, isPossible: options.flag("https") != true)
        let crew = ReceiveCrew(most: peeks ? Self.mostPeeked : settings.maximumInFlight, opening: opening, inquiry: inquiry)
        let fleet = Fleet(crew, settings.connection, discovery: discovery, opening: opening) {
            (connection, deadline, stop) throws(TransportError) in
            first?.wait()
            var command: [UInt8] = []
            Command.subscribe(topic, channel, into: &command)
            try connection.exchange(command, until: deadline, stop: stop)
            return ReceiveLink(connection)
        }
        try fleet.connect(to: peers, all: false, until: opening.deadline, stop: opening.stop)
        fleet.attend()
        if temporary != nil { opening.notices(.listening("\(place(peers))\(topic)\(options.text)")) }
        return NSQReceiver(fleet, temporary: temporary)
    }

    /// A channel nobody else has, that ends with its only client.
    private static func ownChannel() -> String {
        "mq\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 36))#ephemeral"
    }

    /// By which these nsqds are reached, up to the topic.
    private func place(_ peers: [Peer]) -> String {
        let isTCP = peers.allSatisfy { if case .tcp = $0 { true } else { false } }
        return "nsq:" + (isTCP ? "//" + peers.map(\.text).joined(separator: ",") + "/" : "")
    }

    /// The nsqds to publish to: with nsqlookupd, every one there is.
    private func producers(_ opening: Opening) throws(TransportError) -> ([Located], Discovery?) {
        switch target.place {
        case .direct(let peers): return (located(peers), nil)
        case .lookup(let lookupds):
            let lookup = Lookup(lookupds, resolve: settings.connection.resolve, notices: opening.notices)
            let nodes = try lookup.nodes(until: opening.deadline, stop: opening.stop).map(Located.init)
            if nodes.isEmpty {
                throw TransportError(
                    .unreachable, "nsqlookupd knows no nsqd", hint: "nsqd announces itself with -lookupd-tcp-address", isRetriable: true)
            }
            let discovery = Discovery(
                find: { (deadline, stop) throws(TransportError) in
                    try lookup.nodes(until: deadline, stop: stop).map(\.peer)
                }, interval: settings.pollInterval, isPatient: false)
            return (nodes, discovery)
        }
    }

    /// The nsqds that have the topic; with nsqlookupd, those that will have it, too.
    private func consumed(_ topic: String, _ opening: Opening) throws(TransportError) -> ([Located], Discovery?) {
        switch target.place {
        case .direct(let peers): return (located(peers), nil)
        case .lookup(let lookupds):
            let lookup = Lookup(lookupds, resolve: settings.connection.resolve, notices: opening.notices)
            let nodes = try lookup.producers(ofTopic: topic, until: opening.deadline, stop: opening.stop).map(Located.init)
            if nodes.isEmpty { opening.notices.warn("no nsqd has the topic \(topic) yet; waiting for one") }
            let discovery = Discovery(
                find: { (deadline, stop) throws(TransportError) in
                    try lookup.producers(ofTopic: topic, until: deadline, stop: stop).map(\.peer)
                }, interval: settings.pollInterval, isPatient: true)
            return (nodes, discovery)
        }
    }

    private func located(_ peers: [Peer]) -> [Located] {
        peers.map { Located(peer: $0, daemon: Daemon($0, httpPort: options.integer("http-port"))) }
    }
}

/// An nsqd to connect to, and its HTTP port where it is known.
private struct Located {
    var peer: Peer
    var daemon: Daemon?

    init(peer: Peer, daemon: Daemon?) { (self.peer, self.daemon) = (peer, daemon) }
    init(_ node: NSQNode) {
        self.init(peer: node.peer, daemon: node.httpPort.map { Daemon(peer: node.peer, http: .tcp(host: node.host, port: $0)) })
    }
}

extension [Located] {
    /// Of very many nsqds, the first few are asked.
    fileprivate var asked: [Daemon] { Array<Daemon>(compactMap(\.daemon).prefix(8)) }

    fileprivate var byPeer: [Peer: Daemon] {
        Dictionary(compactMap { located in located.daemon.map { (located.peer, $0) } }) { first, _ in first }
    }
}
