internal import MQCore

/// Asks nsqds for their topics where no nsqlookupd knows them.
struct TopicSearch: Sendable {
    private let daemons: [Located]
    private let resolve: [String]
    /// Whether the HTTP ports speak HTTP without TLS.
    private let isPossible: Bool

    private static let patience = Duration.seconds(5)

    init(_ daemons: [Located], resolve: [String], isPossible: Bool) {
        (self.daemons, self.resolve, self.isPossible) = (daemons, resolve, isPossible)
    }

    /// The connections to make, as topics are now.
    /// - Throws: `unreachable` when an nsqd does not say which topics it has: what it has would be taken for gone.
    func routes(_ choice: TopicChoice, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [Route] {
        var routes: [Route] = []
        for located in daemons {
            routes += choice.routes(to: located.peer, having: try topics(of: located, until: deadline, stop: stop))
        }
        return routes
    }

    private func topics(of located: Located, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [String] {
        guard isPossible, let daemon = located.daemon else {
            throw TransportError(
                .usage, "\(located.peer.text) cannot be asked for its topics",
                hint: isPossible ? "http-port= names its HTTP port on this machine" : "nsqlookup://host/+/channel finds them without HTTPS")
        }
        let path = "/stats?format=json&include_clients=false&include_mem=false"
        do throws(TransportError) {
            let bound = deadline.earlier(.after(Self.patience))
            let reply = try SideQuestion.get(path, of: daemon, resolve: resolve, until: bound, stop: stop)
            return try AdminStatistics.parse(reply).map(\.name)
        } catch {
            if stop.isRaised { throw error }
            throw TransportError(
                .unreachable, "\(daemon.http.text) does not say which topics there are: \(error.message)",
                hint: "nsqd's HTTP port is wanted, http-port= names it", isRetriable: true)
        }
    }
}
