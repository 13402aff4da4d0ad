internal import Glibc
public import MQCore

/// Topics and channels of nsqd, over its TCP protocol.
public struct NSQTransport: Transport {
    let target: NSQTarget
    let options: OptionValues
    let settings: NSQSettings

    public init(_ address: Address, options: OptionValues) throws(TransportError) {
        let standard = getenv("MQ_NSQ").map { String(cString: $0) }
        target = try NSQTarget(address, socket: options.text("unix"), standard: standard?.isEmpty == true ? nil : standard)
        self.options = options
        settings = try NSQSettings(options)
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
        if let topic = target.topic { facts.append(Fact("topic", "topic", .text(topic), source: "address")) }
        facts.append(
            Fact(
                "channel", "channel", .text(target.channel ?? "one of its own, mq…#ephemeral, to receive"),
                source: target.channel == nil ? "default" : "address"))
        return facts
    }

    /// A topic that goes with its last client, so that nothing is left behind, on the same nsqds.
    public func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint {
        let hosts: String
        switch target.place {
        case .direct(let peers):
            hosts =
                peers.allSatisfy { if case .tcp = $0 { true } else { false } } ? "//" + peers.map(\.text).joined(separator: ",") + "/" : ""
        case .lookup:
            throw TransportError(.unsupported, "two processes that have yet to meet need an nsqd by name", hint: "nsq://host/topic")
        }
        let topic = "\(unique.prefix(50))#ephemeral"
        return MeetingPoint(
            sending: "nsq:\(hosts)\(topic)\(options.text)", receiving: "nsq:\(hosts)\(topic)/bench#ephemeral\(options.text)",
            isPrivate: false)
    }

    /// - Throws: `usage` for an address without a topic.
    func requiredTopic() throws(TransportError) -> String {
        guard let topic = target.topic else {
            throw TransportError(.usage, "the address names no topic", hint: "nsq:topic/channel, nsq://host:4150/topic/channel")
        }
        return topic
    }

    public func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        let topic = try requiredTopic()
        if let delay = opening.defaults.delay, delay > Packing.maximumDelay { throw NSQSender.tooLate(delay) }
        let (peers, discovery) = try producers(opening)
        let fleet = SendFleet(settings.connection, discovery: discovery, opening: opening) { (connection, _, _) throws(TransportError) in
            SendLink(connection)
        }
        (fleet.copies, fleet.needed) = (settings.copies, settings.copies ? peers.count : 1)
        try fleet.connect(to: peers, all: settings.copies, until: opening.deadline, stop: opening.stop)
        return NSQSender(fleet, packing: Packing(topic: topic, delay: opening.defaults.delay), limits: settings.limits)
    }

    /// The most that `--peek` shows: what RDY may say.
    static let mostPeeked = 2500

    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        let topic = try requiredTopic()
        let peeks = opening.mode == .peek
        let channel = target.channel ?? Self.ownChannel()
        if target.channel == nil {
            if peeks { throw TransportError(.usage, "to peek, name the channel to look into", hint: "nsq:\(topic)/channel") }
            opening.notices.detail("listening on the channel \(channel), which ends with us")
        }
        let (peers, discovery) = try consumed(topic, opening)
        let fleet = ReceiveFleet(
            settings.connection, discovery: discovery, opening: opening, most: peeks ? Self.mostPeeked : settings.maximumInFlight
        ) { (connection, deadline, stop) throws(TransportError) in
            var command: [UInt8] = []
            Command.subscribe(topic, channel, into: &command)
            try connection.exchange(command, until: deadline, stop: stop)
            return ReceiveLink(connection)
        }
        try fleet.connect(to: peers, all: false, until: opening.deadline, stop: opening.stop)
        fleet.attend()
        return NSQReceiver(fleet, peeks: peeks)
    }

    /// A channel nobody else has, that ends with its only client.
    private static func ownChannel() -> String {
        "mq\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 36))#ephemeral"
    }

    /// The nsqds to publish to: with nsqlookupd, every one there is.
    private func producers(_ opening: Opening) throws(TransportError) -> ([Peer], Discovery?) {
        switch target.place {
        case .direct(let peers): return (peers, nil)
        case .lookup(let lookupds):
            let lookup = Lookup(lookupds, resolve: settings.connection.resolve, notices: opening.notices)
            let peers = try lookup.nodes(until: opening.deadline, stop: opening.stop).map(\.peer)
            if peers.isEmpty {
                throw TransportError(
                    .unreachable, "nsqlookupd knows no nsqd", hint: "nsqd announces itself with -lookupd-tcp-address", isRetriable: true)
            }
            let discovery = Discovery(
                find: { (deadline, stop) throws(TransportError) in
                    try lookup.nodes(until: deadline, stop: stop).map(\.peer)
                }, interval: settings.pollInterval, isPatient: false)
            return (peers, discovery)
        }
    }

    /// The nsqds that have the topic; with nsqlookupd, those that will have it, too.
    private func consumed(_ topic: String, _ opening: Opening) throws(TransportError) -> ([Peer], Discovery?) {
        switch target.place {
        case .direct(let peers): return (peers, nil)
        case .lookup(let lookupds):
            let lookup = Lookup(lookupds, resolve: settings.connection.resolve, notices: opening.notices)
            let peers = try lookup.producers(ofTopic: topic, until: opening.deadline, stop: opening.stop).map(\.peer)
            if peers.isEmpty { opening.notices.warn("no nsqd has the topic \(topic) yet; waiting for one") }
            let discovery = Discovery(
                find: { (deadline, stop) throws(TransportError) in
                    try lookup.producers(ofTopic: topic, until: deadline, stop: stop).map(\.peer)
                }, interval: settings.pollInterval, isPatient: true)
            return (peers, discovery)
        }
    }
}
