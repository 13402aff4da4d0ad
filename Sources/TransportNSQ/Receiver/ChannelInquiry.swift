internal import MQCore

/// Asks nsqd's HTTP port for the state of one channel.
struct ChannelInquiry: Sendable {
    /// Where the routes name none.
    let topic: String
    let channel: String
    /// The HTTP ports that are known; others are found beside the port for clients.
    let daemons: [Peer: Daemon]
    let httpPort: Int?
    let resolve: [String]
    /// Whether the ports speak HTTP without TLS.
    let isPossible: Bool

    private static let patience = Duration.seconds(1)

    /// - Parameter client: our address, by which nsqd knows us.
    func ask(_ route: Route, client: String?, until deadline: Deadline, stop: StopFlag) -> ChannelState {
        guard isPossible, let daemon = daemons[route.peer] ?? Daemon(route.peer, httpPort: httpPort) else { return .unavailable }
        let topic = route.topic ?? topic
        let (topicName, channelName) = (LookupExchange.escaped(topic), LookupExchange.escaped(channel))
        let path = "/stats?format=json&include_mem=false&topic=\(topicName)&channel=\(channelName)"
        do throws(TransportError) {
            let bound = deadline.earlier(.after(Self.patience))
            return try state(of: topic, SideQuestion.get(path, of: daemon, resolve: resolve, until: bound, stop: stop), client: client)
        } catch {
            return error.code == .tryAgain ? .silent : .unavailable
        }
    }

    /// Why a connection broke, where that is that its channel is no more.
    func deletion(at route: Route, stop: StopFlag) -> TransportError? {
        let topic = route.topic ?? topic
        // What is ephemeral goes with its last client, and comes back with it.
        if topic.hasSuffix("#ephemeral") || channel.hasSuffix("#ephemeral") { return nil }
        guard case .missing = ask(route, client: nil, until: .after(Self.patience), stop: stop) else { return nil }
        return TransportError(.noSuchQueue, "the channel \(channel) of the topic \(topic) was deleted")
    }

    /// Reads what `/stats` says.
    /// - Throws: `malformed` for what is not such a reply.
    func state(of topic: String, _ reply: [UInt8], client: String?) throws(TransportError) -> ChannelState {
        guard let found = try AdminStatistics.parse(reply).first(where: { $0.name == topic }), let counts = found.channel(channel) else {
            return .missing
        }
        var figures = ChannelState.Figures()
        // A paused topic passes nothing on.
        figures.isPaused = counts.paused > 0 || (counts.messages == 0 && found.counts.paused > 0)
        figures.waiting = counts.messages &+ found.counts.messages
        figures.deferred = counts.deferred
        figures.inFlight = client.flatMap { client in counts.members.first { $0.address == client }?.inFlight }
        return .holds(figures)
    }
}
