public import MQCore

/// Amazon SQS and what speaks its JSON protocol.
///
/// `sqs:name`, an ARN, or a queue's URL as pasted; region, endpoint and credentials are found as every AWS tool finds them.
/// See the descriptor's notes for what SQS promises.
public struct SQSTransport: Transport {
    private let address: Address
    private let options: OptionValues
    let settings: Settings
    /// The queue of `sqs:temp`.
    private let temporary: TemporaryQueue?

    public init(_ address: Address, options: OptionValues) throws(TransportError) {
        try self.init(address, options: options, surroundings: nil)
    }

    /// - Parameter surroundings: instead of those of this process.
    init(_ address: Address, options: OptionValues, surroundings: Surroundings?) throws(TransportError) {
        self.address = address
        self.options = options
        let settings = try Settings(address, options: options, surroundings: surroundings)
        temporary = settings.target == .name("temp") ? TemporaryQueue() : nil
        self.settings = temporary.map { settings.at(.name($0.name)) } ?? settings
    }

    /// Region, endpoint and where the credentials come from, without asking anybody.
    public func explain() -> [Fact] {
        let target = settings.target
        let source = temporary == nil ? "address" : "private, removed at exit"
        var facts = [Fact("queue", "queue", .text(target.name.isEmpty ? "(none)" : target.name), source: source)]
        if let account = settings.account { facts.append(Fact("account", "account", .text(account), source: "address")) }
        if target.isFIFO { facts.append(Fact("fifo", "FIFO", .flag(true), source: "its name")) }
        let isElsewhere = (try? settings.endpoint(region: nil)) != nil
        let missing = isElsewhere ? "the instance's, else us-east-1: only signatures need one" : "from the instance's metadata"
        let region = Self.fact("region", "region", missing: missing) { () throws(TransportError) in
            try settings.knownRegion()
        }
        let endpoint = Self.fact("endpoint", "endpoint", missing: "known with the region") { () throws(TransportError) in
            try settings.endpoint(region: try settings.knownRegion()?.value)
        }
        let origin = Self.fact("credentials", "credentials", missing: "none") { () throws(TransportError) in
            Settings.Found(value: try settings.credentials.origin(), source: "the credential chain")
        }
        return facts + [region, endpoint, origin, urlFact]
    }

    private static func fact(
        _ key: String, _ label: String, missing: String, _ find: () throws(TransportError) -> Settings.Found?
    ) -> Fact {
        do throws(TransportError) {
            guard let found = try find() else { return Fact(key, label, .text("(\(missing))"), source: "not set") }
            return Fact(key, label, .text(found.value), source: found.source)
        } catch {
            return Fact(key, label, .text("(\(error.sentence))"), source: "failed")
        }
    }

    private var urlFact: Fact {
        if case .url(let url, _, _, _, _) = settings.target { return Fact("url", "queue URL", .text(url), source: "address") }
        return Fact("url", "queue URL", .text("(asked for by GetQueueUrl when the queue is used)"), source: "the service")
    }

    /// Who meets there sends what bytes he likes, so they go in base64.
    public func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint {
        let isPrivate = settings.target.name.isEmpty || temporary != nil
        let receiving = (isPrivate ? "sqs:\(unique)" : address.short) + options.text
        let sending = options.flag("base64") == nil ? receiving + ",base64" : receiving
        return MeetingPoint(sending: sending, receiving: receiving, isPrivate: isPrivate, isOrdered: settings.target.isFIFO)
    }

    public func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        try requireName()
        try temporary?.make(settings, opening)
        return try SQSSender(settings, opening, temporary)
    }

    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        try requireName()
        if opening.mode == .peek {
            opening.notices.warn("looking at a message counts as receiving it: the queue's dead-letter policy may move it")
        }
        try temporary?.make(settings, opening)
        return try SQSReceiver(settings, opening, temporary)
    }

    public func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin {
        try SQSAdmin(settings, opening)
    }

    /// That there is no such queue is an answer of the service, too.
    public func probe(_ opening: Opening) throws(TransportError) -> [Fact] {
        try SQSAdmin(settings, opening).probe()
    }

    public func clientVariables() -> [(name: String, value: String)] {
        let region = try? settings.knownRegion()
        let endpoint = options.text("endpoint")
        return [
            ("AWS_ENDPOINT_URL_SQS", endpoint), ("AWS_REGION", region?.value), ("AWS_DEFAULT_REGION", region?.value),
            ("AWS_PROFILE", options.text("profile")), ("AWS_CA_BUNDLE", options.text("ca-file")),
        ].compactMap { name, value in value.map { (name, $0) } }
    }

    private func requireName() throws(TransportError) {
        if settings.target.name.isEmpty { throw TransportError(.usage, "the address names no queue", hint: "write sqs:name") }
    }
}
