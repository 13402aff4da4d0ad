internal import MQCore
internal import MQNet
internal import Synchronization

/// Finds the nsqds that one or several nsqlookupds know.
///
/// Every nsqlookupd is asked at once and the answers are merged by broadcast address and TCP port. One that does not
/// answer is told to the person once, and again when it is back.
struct Lookup: Sendable {
    let lookupds: [Peer]
    let resolve: [String]
    private let outages: Outages

    init(_ lookupds: [Peer], resolve: [String] = [], notices: Notices = .none) {
        (self.lookupds, self.resolve) = (lookupds, resolve)
        outages = Outages(notices)
    }

    /// The nsqds that have the topic; none is the answer while nobody has published to it.
    /// - Throws: `unreachable` when no nsqlookupd answers, `protocolViolation` when what answers is none, `tryAgain` when stopped.
    func producers(ofTopic topic: String, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [NSQNode] {
        try ask("/lookup?topic=\(LookupExchange.escaped(topic))", until: deadline, stop: stop).map(\.node)
    }

    /// Every nsqd there is: where a new topic can be published.
    /// - Throws: as `producers(ofTopic:until:stop:)`.
    func nodes(until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [NSQNode] {
        try entries(until: deadline, stop: stop).map(\.node)
    }

    /// There is no nsqd.
    static var nobody: TransportError {
        TransportError(
            .unreachable, "nsqlookupd knows no nsqd", hint: "nsqd announces itself with -lookupd-tcp-address", isRetriable: true)
    }

    /// The same with their topics. A topic is tombstoned where every nsqlookupd says so.
    /// - Throws: as `producers(ofTopic:until:stop:)`.
    func entries(until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [LookupReply.Entry] {
        try ask("/nodes", until: deadline, stop: stop)
    }

    /// Says something to every nsqlookupd that answers.
    /// - Returns: how many know what was named, and did as they were told.
    /// - Throws: as `producers(ofTopic:until:stop:)`.
    func tell(_ path: String, on client: HTTPClient, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Int {
        var count = 0
        try each("POST", path, on: client, until: deadline, stop: stop) { reply throws(TransportError) in
            if try Self.isFound(reply) { count += 1 }
        }
        return count
    }

    private func ask(_ path: String, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [LookupReply.Entry] {
        var entries: [LookupReply.Entry] = []
        try each("GET", path, on: HTTPClient(), until: deadline, stop: stop) { reply throws(TransportError) in
            guard try Self.isFound(reply) else { return }
            for entry in try Self.parsed(reply) {
                if let place = entries.firstIndex(where: { $0.node.peer == entry.node.peer }) {
                    entries[place].merge(entry)
                } else {
                    entries.append(entry)
                }
            }
        }
        return entries
    }

    /// Hands over each reply. As long as there is one that can be used, those that fail are a notice.
    private func each(
        _ method: String, _ path: String, on client: HTTPClient, until deadline: Deadline, stop: StopFlag,
        _ take: (HTTPReply) throws(TransportError) -> Void
    ) throws(TransportError) {
        let urls = lookupds.map { "http://\($0.text)\(path)" }
        let results = try LookupExchange(resolve: resolve).run(method, urls, on: client, until: deadline, stop: stop)
        var failures: [(lookupd: Peer, error: TransportError)] = []
        for (lookupd, result) in zip(lookupds, results) {
            do throws(TransportError) {
                try take(try result.get())
                outages.answered(lookupd)
            } catch {
                failures.append((lookupd, Self.named(error, lookupd)))
            }
        }
        if failures.count == lookupds.count, let first = failures.first { throw first.error }
        for failure in failures { outages.failed(failure.lookupd, failure.error) }
    }
}

extension Lookup {
    /// Whether what was asked for is known. 404 is an ordinary answer, but only with nsqlookupd's own word for it.
    private static func isFound(_ reply: HTTPReply) throws(TransportError) -> Bool {
        switch (reply.status, LookupExchange.message(reply)) {
        case (200, _): return true
        case (404, "TOPIC_NOT_FOUND"), (404, "CHANNEL_NOT_FOUND"): return false
        case (let status, let message): throw foreign("HTTP status \(status)" + (message.map { ", \($0)" } ?? ""))
        }
    }

    private static func parsed(_ reply: HTTPReply) throws(TransportError) -> [LookupReply.Entry] {
        do { return try LookupReply(parsing: reply.body).entries } catch { throw foreign(error.message) }
    }

    private static func foreign(_ what: String) -> TransportError {
        TransportError(
            .protocolViolation, "the answer is not nsqlookupd's: \(what)",
            hint: wrongPort)
    }

    private static let wrongPort = "its HTTP port is wanted, \(NSQTarget.lookupPort) unless it was told otherwise"

    private static func named(_ error: TransportError, _ lookupd: Peer) -> TransportError {
        let text = lookupd.text
        let isNamed = error.message.hasPrefix(text)
        let hint =
            error.code == .unreachable
            ? "is nsqlookupd running, with its HTTP port there?" : error.hint ?? (error.code == .protocolViolation ? wrongPort : nil)
        // That it did not come in time means the same as that nobody is there.
        let code = error.code == .tryAgain ? .unreachable : error.code
        return TransportError(
            code, "nsqlookupd \(isNamed ? error.message : "\(text): \(error.message)")", hint: hint, errno: error.errno,
            isRetriable: error.isRetriable)
    }
}

/// Which nsqlookupds failed when they were asked last.
private final class Outages: Sendable {
    private let notices: Notices
    private let failed = Mutex<Set<Peer>>([])

    init(_ notices: Notices) { self.notices = notices }

    func failed(_ lookupd: Peer, _ error: TransportError) {
        if failed.withLock({ $0.insert(lookupd).inserted }) { notices.warn("\(error.message); going on with the others") }
    }

    func answered(_ lookupd: Peer) {
        if failed.withLock({ $0.remove(lookupd) }) != nil { notices.detail("nsqlookupd \(lookupd.text) answers again") }
    }
}
