internal import Glibc
public import MQCore

extension NSQTransport {
    /// The most that `--peek` shows: what RDY may say.
    static let mostPeeked = 2500

    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        let topic = choice.isSeveral ? "" : try requiredTopic()
        let peeks = opening.mode == .peek
        let channel = target.channel ?? (temporary == nil ? Self.ownChannel() : TemporaryTopic.channel)
        if target.channel == nil {
            if peeks { throw TransportError(.usage, "to peek, name the channel to look into", hint: "nsq:topic/channel") }
            if temporary == nil { opening.notices.detail("listening on the channel \(channel), which ends with us") }
        }
        settings.connection.warnOfExposedSecret(opening.notices)
        let (daemons, routes, discovery) = try consumed(opening)
        let peers = daemons.map(\.peer)
        temporary?.keep(on: peers, settings.connection, opening)
        let asks = temporary == nil && options.flag("https") != true
        let topics = Set(routes.map { $0.topic ?? topic })
        let first = asks ? FirstChannel.look(for: topics, channel, on: daemons.asked, resolve: settings.connection.resolve, opening) : nil
        let inquiry = ChannelInquiry(
            topic: topic, channel: channel, daemons: daemons.byPeer, httpPort: options.integer("http-port"),
            resolve: settings.connection.resolve, isPossible: options.flag("https") != true)
        let crew = ReceiveCrew(most: peeks ? Self.mostPeeked : settings.maximumInFlight, opening: opening, inquiry: inquiry)
        let fleet = Fleet(crew, settings.connection, discovery: discovery, opening: opening) {
            (fleet, connection, route, deadline, stop) throws(TransportError) in
            first?.wait()
            var command: [UInt8] = []
            Command.subscribe(route.topic ?? topic, channel, into: &command)
            try connection.send(command)
            // While nsqd makes the channel.
            fleet.attend()
            try connection.exchange([], until: deadline, stop: stop)
            return ReceiveLink(connection, route)
        }
        do throws(TransportError) {
            try fleet.connect(to: routes, all: false, until: opening.deadline, stop: opening.stop)
        } catch {
            fleet.disband()
            throw error
        }
        fleet.attend()
        if temporary != nil { opening.notices(.listening("\(place(peers))\(topic)\(options.text)")) }
        return NSQReceiver(fleet, temporary: temporary)
    }

    /// A channel nobody else has, that ends with its only client.
    private static func ownChannel() -> String {
        "mq\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 36))#ephemeral"
    }

    // MARK: - Which nsqds and topics

    /// The nsqds to consume from and the connections to make; with nsqlookupd, or where topics are looked for, those to come, too.
    private func consumed(_ opening: Opening) throws(TransportError) -> ([Located], [Route], Discovery?) {
        switch target.place {
        case .direct(let peers) where choice.isOpenEnded: return try searched(peers, opening)
        case .direct(let peers):
            // Those of `temp` have a name that nobody looks for.
            let topics = choice.isSeveral ? choice.named.map { Optional($0) } : [nil]
            return (located(peers), peers.flatMap { peer in topics.map { Route(peer, topic: $0) } }, nil)
        case .lookup(let lookupds):
            let lookup = Lookup(lookupds, resolve: settings.connection.resolve, notices: opening.notices)
            return try choice.isSeveral ? consumedTopics(lookup, opening) : consumedTopic(requiredTopic(), lookup, opening)
        }
    }

    private func consumedTopic(
        _ topic: String, _ lookup: Lookup, _ opening: Opening
    ) throws(TransportError) -> ([Located], [Route], Discovery?) {
        let nodes = try lookup.producers(ofTopic: topic, until: opening.deadline, stop: opening.stop).map(Located.init)
        if nodes.isEmpty { opening.notices.warn("\(choice.missing); waiting for one") }
        let discovery = Discovery(
            find: { (deadline, stop) throws(TransportError) in
                try lookup.producers(ofTopic: topic, until: deadline, stop: stop).map { Route($0.peer) }
            }, interval: settings.pollInterval, isPatient: true)
        return (nodes, nodes.map { Route($0.peer) }, discovery)
    }

    /// nsqlookupd says of every nsqd at once which topics it has.
    private func consumedTopics(_ lookup: Lookup, _ opening: Opening) throws(TransportError) -> ([Located], [Route], Discovery?) {
        let choice = choice
        let entries = try lookup.entries(until: opening.deadline, stop: opening.stop)
        let routes = entries.flatMap { choice.routes(to: $0.node.peer, having: $0.live) }
        if routes.isEmpty { opening.notices.warn("\(choice.missing); waiting for one") }
        let discovery = Discovery(
            find: { (deadline, stop) throws(TransportError) in
                try lookup.entries(until: deadline, stop: stop).flatMap { choice.routes(to: $0.node.peer, having: $0.live) }
            }, interval: settings.pollInterval, isPatient: true, isOpenEnded: choice.isOpenEnded)
        let peers = Set(routes.map(\.peer))
        return (entries.filter { peers.contains($0.node.peer) }.map { Located($0.node) }, routes, discovery)
    }

    /// Without nsqlookupd each nsqd is asked for its topics.
    private func searched(_ peers: [Peer], _ opening: Opening) throws(TransportError) -> ([Located], [Route], Discovery?) {
        let (choice, located, resolve) = (choice, located(peers), settings.connection.resolve)
        let search = TopicSearch(located, resolve: resolve, isPossible: options.flag("https") != true)
        let routes = try search.routes(choice, until: opening.deadline, stop: opening.stop)
        if routes.isEmpty { opening.notices.warn("\(choice.missing); waiting for one") }
        let discovery = Discovery(
            find: { (deadline, stop) throws(TransportError) in try search.routes(choice, until: deadline, stop: stop) },
            interval: settings.pollInterval, isPatient: false, isOpenEnded: true)
        return (located, routes, discovery)
    }
}
