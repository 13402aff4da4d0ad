internal import MQCore
internal import MQNet

/// The HTTP side of one or several nsqds, asked at once.
struct AdminDaemons {
    let daemons: [Daemon]
    let resolve: [String]
    /// With it the HTTP port is one for HTTPS.
    var tls: TLSChoice?
    let client: HTTPClient
    let opening: Opening

    /// Statistics of each nsqd that answers; the others are a notice as long as there is one.
    /// - Throws: the error of the first when none answers.
    func statistics(topic: String?) throws(TransportError) -> [(daemon: Daemon, topics: [AdminTopic])] {
        try reports(topic: topic).map { ($0.daemon, $0.report.topics) }
    }

    /// The same with what else each says of itself.
    /// - Throws: as `statistics`.
    func reports(topic: String?, withClients: Bool = false) throws(TransportError) -> [(daemon: Daemon, report: AdminReport)] {
        let filter = topic.map { "&topic=\(LookupExchange.escaped($0))" } ?? ""
        let path = "/stats?format=json&include_clients=\(withClients)&include_mem=false\(filter)"
        var found: [(Daemon, AdminReport)] = []
        var failures: [TransportError] = []
        for (daemon, result) in zip(daemons, try run("GET", path, timeout: .seconds(5))) {
            do throws(TransportError) {
                let reply = try result.get()
                guard reply.status == 200 else { throw Self.foreign(reply) }
                var report = try Self.parsed(reply)
                // An nsqd older than 1.0.1 does not know the filter.
                report.topics.removeAll { topic != nil && $0.name != topic }
                found.append((daemon, report))
            } catch {
                failures.append(Self.named(error, daemon))
            }
        }
        if found.isEmpty, let first = failures.first { throw first }
        for failure in failures { opening.notices.warn("\(failure.message); the numbers are those of the others") }
        return found
    }

    /// Has every nsqd do something.
    /// - Returns: how many know what was named; the others are none the wiser.
    /// - Throws: the first error, after all were asked.
    func tell(_ path: String) throws(TransportError) -> Int {
        var count = 0
        var failures: [TransportError] = []
        for (daemon, result) in zip(daemons, try run("POST", path, timeout: .seconds(60))) {
            do throws(TransportError) {
                let reply = try result.get()
                switch (reply.status, LookupExchange.message(reply)) {
                case (200, _): count += 1
                case (404, "TOPIC_NOT_FOUND"), (404, "CHANNEL_NOT_FOUND"): break
                default: throw Self.foreign(reply)
                }
            } catch {
                failures.append(Self.named(error, daemon))
            }
        }
        guard var first = failures.first else { return count }
        if count > 0 { first.message += "; \(count) of \(daemons.count) nsqds did so" }
        throw first
    }

    func limited(to peers: Set<Peer>) -> AdminDaemons {
        AdminDaemons(daemons: daemons.filter { peers.contains($0.peer) }, resolve: resolve, tls: tls, client: client, opening: opening)
    }

    private func run(_ method: String, _ path: String, timeout: Duration) throws(TransportError) -> [Result<HTTPReply, TransportError>] {
        var exchange = LookupExchange(resolve: resolve + daemons.flatMap { $0.resolution(resolve) })
        (exchange.timeout, exchange.tls) = (timeout, tls)
        let scheme = tls == nil ? "http" : "https"
        var hosts = daemons.map(\.http)
        if let name = tls?.serverName {
            exchange.places = hosts.map(\.text)
            hosts = hosts.map { if case .tcp(_, let port) = $0 { .tcp(host: name, port: port) } else { $0 } }
        }
        let urls = hosts.map { "\(scheme)://\($0.text)\(path)" }
        return try exchange.run(method, urls, on: client, until: opening.deadline, stop: opening.stop)
    }

    private static func parsed(_ reply: HTTPReply) throws(TransportError) -> AdminReport {
        do { return try AdminStatistics.report(reply.body) } catch {
            throw TransportError(.protocolViolation, "the answer is not nsqd's: \(error.message)", hint: wrongPort)
        }
    }

    private static let wrongPort = "nsqd's HTTP port is wanted, http-port= names it"

    /// A reply that is no success.
    private static func foreign(_ reply: HTTPReply) -> TransportError {
        let message = LookupExchange.message(reply)
        switch (reply.status, message) {
        case (403, "TLS_REQUIRED"):
            return TransportError(.permission, "nsqd wants TLS for its administration", hint: "add the option https")
        case (400, let message?): return TransportError(.usage, "nsqd refuses: \(message)")
        case (500..., let message): return TransportError(.failure, "nsqd fails: \(message ?? "HTTP status \(reply.status)")")
        default:
            let words = "HTTP status \(reply.status)" + (message.map { ", \($0)" } ?? "")
            return TransportError(.protocolViolation, "the answer is not nsqd's: \(words)", hint: wrongPort)
        }
    }

    private static func named(_ error: TransportError, _ daemon: Daemon) -> TransportError {
        let text = daemon.http.text
        var hint = error.hint ?? (error.code == .protocolViolation ? wrongPort : nil)
        // That it did not answer in time means the same as that nobody is there.
        let code = error.code == .tryAgain ? .unreachable : error.code
        if code == .unreachable { hint = "is nsqd running? \(wrongPort)" }
        if error.code == .permission && error.message.holds("certificate is not accepted") {
            hint = "tls-ca=FILE names its issuer's certificate, tls-name=NAME the name in it"
        }
        return TransportError(
            code, error.message.hasPrefix(text) ? error.message : "\(text): \(error.message)", hint: hint, errno: error.errno,
            isRetriable: error.isRetriable)
    }
}
