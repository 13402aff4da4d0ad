internal import MQCore
internal import MQNet

/// Packs messages into requests of ten, with several under way at once, and waits for their replies before it returns: who
/// reads a slow input must not leave anything behind while it waits, and a fast input gives enough for many requests at a time.
final class SQSSender: Sender {
    let connection: Connection
    let encoder: MessageEncoder
    /// Lives as long as its sender.
    private let temporary: TemporaryQueue?
    private let url: String
    private let concurrency: Int
    var progress = ConfirmedPrefix()
    /// By the tag of their exchange.
    private var underWay: [Int: SendRequest] = [:]
    /// To be sent again, each at its time on the monotonic clock.
    var waiting: [(due: UInt64, request: SendRequest)] = []
    private var nextTag = 0
    private var json = JSONText()
    /// What ends the sender.
    var failure: TransportError?
    /// The most bytes in one request.
    var batchLimit = 1 << 20
    private var knownLimit: Int?
    /// Requests that were repeated without knowing whether the first one had been carried out.
    var repeated = 0
    /// A request that the sender gave up is not repeated any more.
    var isEnding = false
    /// Groups of a FIFO queue of which a message was refused: nothing goes behind it until its owner has been told and goes on.
    var stoppedGroups: Set<String> = []
    private var hasToldStop = false
    /// The last `send` ended at its deadline, with everything accepted and not everything answered.
    private var isOverdue = false
    /// Messages that were accepted after later ones of their group.
    var overtaken = 0

    /// The sizes of SendMessageBatch: on AWS today, and of old queues and emulators.
    private static let largestBatch = 1 << 20, oldBatch = 1 << 18
    /// How long the requests under way may still take once one has failed for good.
    private static let ending = Duration.seconds(2)
    /// How soon a request is looked at again whose group is under way, in nanoseconds.
    private static let groupPause: UInt64 = 5_000_000

    /// - Throws: `usage`, `noSuchQueue`, `permission`, `unreachable`.
    init(_ settings: Settings, _ opening: Opening, _ temporary: TemporaryQueue? = nil) throws(TransportError) {
        self.temporary = temporary
        connection = try Connection(settings, opening)
        encoder = try MessageEncoder(settings, defaults: opening.defaults, notices: opening.notices)
        concurrency = settings.options.integer("concurrency") ?? 8
        url = try connection.queueURL(until: opening.deadline)
    }

    deinit { for tag in underWay.keys { connection.http.cancel(tag) } }

    var acceptsEmptyMessages: Bool { false }
    var confirmed: Int { progress.confirmed }
    var confirmedBehind: Int { progress.confirmedBehind }
    var inDoubt: Int { progress.open }
    func takeRejections() -> [Rejection] {
        let rejections = progress.takeRejections()
        hasToldStop = hasToldStop || !rejections.isEmpty
        return rejections
    }
    var overdue: TransportError? { isOverdue ? noAnswer : nil }
    var obstacle: TransportError { TransportError(.tryAgain, "SQS does not take the messages fast enough", isRetriable: true) }

    var closingRemarks: [String] {
        if overtaken > 0 {
            return [
                "\(Quantity.count(overtaken, "message")) failed at first and came behind later ones of the same group: order=strict prevents that"
            ]
        }
        guard repeated > 0, !encoder.isFIFO else { return [] }
        let words = repeated == 1 ? "1 request was" : "\(Quantity.grouped(repeated)) requests were"
        return ["\(words) repeated after no answer came: their messages may be in the queue twice"]
    }

    // MARK: - Limits

    var maximumMessageSize: Int? {
        let limit = messageLimit
        guard encoder.usesBase64 else { return limit }
        return (limit - MessageText.size(of: [MessageText.marker])) / 4 * 3
    }

    /// The queue's MaximumMessageSize, asked for once; where that is not allowed, the largest there is.
    private var messageLimit: Int {
        if let knownLimit { return knownLimit }
        var body = Connection.body(url)
        body.key("AttributeNames")
        body.open("[")
        body.value("MaximumMessageSize")
        body.close("]")
        body.close("}")
        let bytes = try? connection.perform("GetQueueAttributes", body: body, until: .after(.seconds(10)))
        let limit = bytes.flatMap { try? QueueAttributes(parsing: $0) }?["MaximumMessageSize"].flatMap { Int($0) } ?? Self.largestBatch
        knownLimit = limit
        batchLimit = limit > Self.oldBatch ? Self.largestBatch : Self.oldBatch
        return limit
    }

    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        for index in range {
            if let error = encoder.complaint(about: index, in: batch, limit: { messageLimit }) {
                return Refusal(index: index, error: error)
            }
        }
        return nil
    }

    // MARK: - Sending

    func send(_ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Int {
        try begin(stop)
        isOverdue = false
        var next = range.lowerBound
        while true {
            while next < range.upperBound && !stop.isRaised && failure == nil && hasRoom {
                let count = try startRequest(batch, next..<range.upperBound)
                if count == 0 { break }
                next += count
            }
            if let failure { try end(failure) }
            if isIdle && (next == range.upperBound || isStopped(at: next, of: batch)) { break }
            try pump(until: deadline, stop: stop)
            if stop.isRaised || deadline == .immediately { break }
            if deadline.hasPassed && failure == nil {
                isOverdue = next == range.upperBound && !isIdle
                break
            }
        }
        return next - range.lowerBound
    }

    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        try begin(stop)
        while !isIdle {
            try pump(until: deadline, stop: stop)
            if let failure { try end(failure) }
            if !isIdle && (stop.isRaised || deadline.hasPassed) { throw noAnswer }
        }
    }

    var requestSize: Int { SendRequest.maximumEntries }

    func progress(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        try begin(stop)
        let before = progress.confirmed
        while !isIdle && !stop.isRaised {
            try pump(until: deadline, stop: stop)
            if let failure { try end(failure) }
            if progress.confirmed > before || progress.hasRejections || deadline.hasPassed { return }
        }
    }

    private func begin(_ stop: StopFlag) throws(TransportError) {
        connection.stop = stop
        progress.passTold()
        if hasToldStop { (stoppedGroups, hasToldStop) = ([], false) }
        if let failure { throw failure }
    }

    /// What waits for its next try leaves its place to others, but memory stays bounded.
    private var hasRoom: Bool { underWay.count < concurrency && underWay.count + waiting.count < 8 * concurrency }

    private var isIdle: Bool { underWay.isEmpty && waiting.isEmpty }

    private var noAnswer: TransportError {
        let messages = Quantity.count(progress.accepted - progress.confirmed, "message")
        // There was an answer, and it is the reason.
        let trouble = waiting.lazy.compactMap(\.request.trouble).first ?? underWay.values.lazy.compactMap(\.trouble).first
        return TransportError(
            .tryAgain, trouble.map { "\(messages) not accepted in time: \($0)" } ?? "no answer for \(messages) in time",
            remedy: .wait, isRetriable: true)
    }

    private func isStopped(at index: Int, of batch: borrowing Batch) -> Bool {
        !stoppedGroups.isEmpty && stoppedGroups.contains(encoder.group(of: index, in: batch) ?? "")
    }

    /// Starts a request with the first messages of `range` that fit; 0 when their groups are under way already, or stopped.
    private func startRequest(_ batch: borrowing Batch, _ range: Range<Int>) throws(TransportError) -> Int {
        var busy = encoder.isFIFO ? busyGroups.union(stoppedGroups) : []
        json.removeAll()
        var request = SendRequest(entries: [], text: [])
        request.entries.reserveCapacity(SendRequest.maximumEntries)
        var sum = 0
        for index in range.prefix(SendRequest.maximumEntries) {
            let size = encoder.size(of: index, in: batch)
            if !request.entries.isEmpty && sum + size > batchLimit { break }
            if encoder.isFIFO, let group = encoder.group(of: index, in: batch) {
                if busy.contains(group) { break }
                if encoder.ordersStrictly { busy.insert(group) }
            }
            sum += size
            request.entries.append(
                encoder.append(index, of: batch, position: progress.accepted + request.entries.count, size: size, to: &json))
        }
        guard !request.entries.isEmpty else { return 0 }
        request.text = json.bytes
        progress.accept(request.entries.count)
        let count = request.entries.count
        try start(request)
        return count
    }

    /// Order within a group holds only while nothing of it is under way twice.
    private var busyGroups: Set<String> {
        var groups: Set<String> = []
        for request in underWay.values { groups.formUnion(request.entries.compactMap(\.group)) }
        for (_, request) in waiting { groups.formUnion(request.entries.compactMap(\.group)) }
        return groups
    }

    private func start(_ request: SendRequest) throws(TransportError) {
        do throws(TransportError) {
            try connection.start("SendMessageBatch", body: request.body(url), tag: nextTag)
        } catch {
            failure = error
            throw error
        }
        underWay[nextTag] = request
        nextTag += 1
    }

    /// Waits for replies and for the time of what is to go again.
    private func pump(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        let due = waiting.map(\.due).min().map { connection.clocks.bound(Deadline(nanoseconds: $0)) } ?? .never
        for completion in try connection.http.wait(until: deadline.earlier(due), stop: stop) {
            guard let request = underWay.removeValue(forKey: completion.tag) else { continue }
            repeated += completion.repeats
            handle(connection.interpret(completion.result, of: "SendMessageBatch"), request)
        }
        progress.advance()
        guard !waiting.isEmpty, !stop.isRaised, failure == nil else { return }
        let now = connection.clocks.monotonic()
        let ready = waiting.filter { $0.due <= now }
        waiting.removeAll { $0.due <= now }
        for (_, request) in ready {
            // Two halves of one request may be of one group: the second waits for the first.
            if encoder.isFIFO && !encoder.ordersStrictly && !underWay.isEmpty {
                let groups = Set(request.entries.compactMap(\.group))
                if underWay.values.contains(where: { $0.entries.contains { $0.group.map(groups.contains) ?? false } }) {
                    waiting.append((now + Self.groupPause, request))
                    continue
                }
            }
            try start(request)
        }
    }

    /// Hears the requests under way out, so that what they brought is counted, and ends.
    private func end(_ error: TransportError) throws(TransportError) {
        isEnding = true
        waiting = []
        let limit = Deadline.after(Self.ending)
        while !underWay.isEmpty && !limit.hasPassed && !connection.stop.isRaised { try pump(until: limit, stop: connection.stop) }
        throw error
    }
}
