internal import MQCore
internal import MQNet

/// Signed requests to one endpoint, and what their replies mean. One thread uses it.
final class Connection {
    let settings: Settings
    let region: String
    let http: HTTPClient
    var stop: StopFlag
    private let origin: ServiceOrigin
    private let address: String
    var endpoint: String { origin.text }
    /// What the header of each operation's requests holds before it is signed.
    private var heads: [String: [(name: String, value: String)]] = [:]
    private let caFile: String?
    private let patience: Duration?
    private let triesOnce: Bool
    let clocks: Clocks
    private var signer: Signer
    private var policy = RetryPolicy()
    /// Seconds that the service's clock is ahead of ours.
    private var clockOffset: Int64 = 0
    private var credentials: Credentials?
    private var generator = SystemRandomNumberGenerator()

    /// No request of its own is made, unless region or credentials are fetched from somewhere.
    /// - Throws: `configuration`, `permission` without credentials.
    init(_ settings: Settings, _ opening: Opening) throws(TransportError) {
        self.settings = settings
        stop = opening.stop
        patience = opening.retry
        triesOnce = opening.triesOnce
        clocks = opening.clocks
        // An endpoint of its own (an emulator, a private link) needs a region for the signature only.
        if try settings.endpoint(region: nil) != nil, try settings.knownRegion() == nil {
            region = (try? settings.region(until: opening.deadline, stop: opening.stop)) ?? "us-east-1"
        } else {
            region = try settings.region(until: opening.deadline, stop: opening.stop)
        }
        guard let endpoint = try settings.endpoint(region: region), let origin = ServiceOrigin(endpoint.value) else {
            throw TransportError(.configuration, "no endpoint for region \(region)")
        }
        self.origin = origin
        address = origin.text + "/"
        caFile = try settings.caFile()
        signer = try Signer(region: region, service: "sqs")
        http = try HTTPClient()
        credentials = try settings.credentials.get(
            until: opening.deadline, stop: opening.stop, notices: opening.notices, clocks: clocks)
    }

    /// The start of every request's body: the queue's URL travels in it unchanged, wherever the request goes.
    static func body(_ url: String) -> JSONText {
        var json = JSONText()
        json.open("{")
        json.member("QueueUrl", url)
        return json
    }

    /// Longest time for a reply that is not waited for at the service.
    static let usualTimeout = Duration.seconds(15)

    // MARK: - Requests

    /// Begins a request (AWS JSON 1.0).
    /// - Throws: `permission`, `unreachable` when credentials that had to be renewed could not be.
    func start(
        _ operation: String, body: [UInt8], tag: Int, timeout: Duration = Connection.usualTimeout
    ) throws(TransportError) {
        let keys = try currentCredentials()
        var request = HTTPRequest("POST", address)
        let headers = head(of: operation)
        request.headers = headers
        request.headers.reserveCapacity(headers.count + 4)
        request.headers += signer.sign("POST", path: "/", headers: headers, body: body, with: keys, at: clocks.wallSeconds + clockOffset)
        request.headers.append(("x-amzn-query-mode", "true"))
        request.body = body
        request.timeout = timeout
        request.caFile = caFile
        try http.start(request, tag: tag)
    }

    private func head(of operation: String) -> [(name: String, value: String)] {
        if let known = heads[operation] { return known }
        let head = [
            ("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", "AmazonSQS.\(operation)"), ("Host", origin.host),
        ]
        heads[operation] = head
        return head
    }

    private func currentCredentials() throws(TransportError) -> Credentials {
        if let credentials, !credentials.expires(within: Credentials.margin, at: clocks.wallSeconds) { return credentials }
        let fresh = try settings.credentials.get(until: .after(.seconds(30)), stop: stop, clocks: clocks)
        credentials = fresh
        return fresh
    }

    /// The bytes of a good reply, or why there are none.
    func interpret(_ result: Result<HTTPReply, HTTPFailure>, of operation: String) -> Result<[UInt8], ServiceFailure> {
        switch result {
        case .failure(let failure): return .failure(ServiceFailure(failure))
        case .success(let reply):
            if reply.status == 200 { return .success(reply.body) }
            return .failure(ServiceFailure(reply, operation: operation, now: clocks.wallSeconds))
        }
    }

    func succeeded(after history: RetryPolicy.History) { policy.succeeded(after: history) }

    /// What to do about a failure; puts clock and credentials right.
    func decide(
        _ failure: ServiceFailure, _ history: inout RetryPolicy.History, isPartial: Bool = false
    ) -> RetryPolicy.Decision {
        if failure.kind == .skewed, let time = failure.serviceTime { clockOffset = time - clocks.wallSeconds }
        if failure.kind == .expiredCredentials, let old = credentials {
            settings.credentials.forget(old)
            credentials = nil
        }
        let random = Double.random(in: 0...1, using: &generator)
        var decision = policy.decide(failure.kind, &history, isPartial: isPartial, random: random)
        if case .after = decision, triesOnce { return .giveUp }
        if case .after(let pause) = decision { decision = .after(pause / settings.surroundings.haste) }
        guard decision == .giveUp, let patience, failure.isTemporary else { return decision }
        let now = clocks.monotonic()
        if history.since == 0 { history.since = now }
        guard now - history.since < patience.nanoseconds else { return .giveUp }
        return .after(.milliseconds(200 + Int(random * 3000)))
    }

    // MARK: - One request, waited for

    /// - Throws: what the service said last, or that `deadline` passed.
    func perform(_ operation: String, body: JSONText, until deadline: Deadline) throws(ServiceFailure) -> [UInt8] {
        var history = RetryPolicy.History()
        while true {
            let failure: ServiceFailure
            switch interpret(try exchange(operation, body.bytes, until: deadline), of: operation) {
            case .success(let bytes):
                succeeded(after: history)
                return bytes
            case .failure(let found): failure = found
            }
            switch decide(failure, &history) {
            case .giveUp: throw failure
            case .now: continue
            case .after(let pause):
                let due = clocks.deadline(after: pause)
                while !clocks.hasPassed(due) {
                    let readiness = Readiness.sleep(until: clocks.bound(due).earlier(deadline), stop: stop)
                    guard case .deadlinePassed = readiness, !deadline.hasPassed else { throw failure }
                }
            }
        }
    }

    private func exchange(
        _ operation: String, _ body: [UInt8], until deadline: Deadline
    ) throws(ServiceFailure) -> Result<HTTPReply, HTTPFailure> {
        do throws(TransportError) {
            try start(operation, body: body, tag: -1)
            // Others may be under way: a sender asks for the queue's limit when the first large message comes.
            if let completion = try http.wait(for: -1, until: deadline, stop: stop) { return completion.result }
            throw TransportError(.tryAgain, stop.isRaised ? "stopped before SQS answered" : "SQS did not answer in time")
        } catch {
            throw ServiceFailure(kind: .final, code: "", error: error)
        }
    }

    // MARK: - The queue

    /// The queue's URL: as pasted, or by GetQueueUrl, once in a process.
    /// - Throws: `usage` for an address that names no queue, `noSuchQueue`, `permission`, `unreachable`.
    func queueURL(until deadline: Deadline) throws(TransportError) -> String {
        if case .url(let url, _, _, _, _) = settings.target { return url }
        return try queueURL(of: settings.target.name, account: settings.account, until: deadline)
    }

    func queueURL(of name: String, account: String?, until deadline: Deadline) throws(TransportError) -> String {
        guard !name.isEmpty else { throw TransportError(.usage, "the address names no queue", hint: "write sqs:name") }
        let key = cacheKey(name, account)
        if let url = Settings.cachedURL(key) { return url }
        var json = JSONText()
        json.open("{")
        json.member("QueueName", name)
        if let account {
            json.member("QueueOwnerAWSAccountId", account)
        }
        json.close("}")
        do throws(ServiceFailure) {
            let reply = try perform("GetQueueUrl", body: json, until: deadline)
            guard let url = (try? JSONFields.strings(in: reply))?["QueueUrl"], !url.isEmpty else {
                throw .garbled("GetQueueUrl: the reply holds no QueueUrl")
            }
            Settings.remember(url, for: key)
            return url
        } catch {
            throw error.error
        }
    }

    private func cacheKey(_ name: String, _ account: String?) -> String {
        "\(origin.text) \(region) \(account ?? settings.surroundings["AWS_ACCESS_KEY_ID"] ?? settings.surroundings.profile.name) \(name)"
    }

    /// The name may come to mean another queue.
    func forgetURL() { Settings.remember(nil, for: cacheKey(settings.target.name, settings.account)) }
}

extension ServiceFailure {
    /// Whether time may heal it.
    var isTemporary: Bool { kind == .throttled || kind == .transient || kind == .unreachable }
}
