internal import MQCore
internal import Synchronization

/// Region, endpoint and credentials of an address, each found where every AWS tool looks.
struct Settings: Sendable {
    /// A value and where it came from.
    struct Found: Sendable {
        var value: String
        var source: String
    }

    private(set) var target: QueueTarget
    let options: OptionValues
    let surroundings: Surroundings
    let credentials: CredentialStore

    init(_ address: Address, options: OptionValues, surroundings: Surroundings? = nil) throws(TransportError) {
        target = try QueueTarget(address)
        self.options = options
        let found = surroundings ?? .ofProcess(profile: options.text("profile"))
        self.surroundings = found
        if let text = options.text("endpoint"), !Self.isEndpoint(text) {
            throw TransportError(.usage, "endpoint=\(text) is not the URL of an endpoint", hint: "endpoint=https://HOST:PORT")
        }
        try Self.checkSeconds("wait", 0...20, options)
        try Self.checkSeconds("visibility", 1...43200, options)
        let region = try? Self.region(target, options, found)
        credentials = CredentialStore(CredentialChain(surroundings: found, region: region?.value))
    }

    /// The same for another queue.
    func at(_ target: QueueTarget) -> Settings {
        var result = self
        result.target = target
        return result
    }

    /// SQS counts in whole seconds (ReceiveMessage in the SQS API reference).
    private static func checkSeconds(_ key: String, _ range: ClosedRange<Int>, _ options: OptionValues) throws(TransportError) {
        guard let duration = options.duration(key) else { return }
        let seconds = duration.nanoseconds / 1_000_000_000
        guard duration == .seconds(seconds), range.contains(Int(seconds)) else {
            let limits = [range.lowerBound, range.upperBound].map { $0 == 0 ? "0s" : Quantity.words(.seconds($0)) }
            throw TransportError(
                .usage, "option \(key)=\(options.text(key) ?? "") must be whole seconds, \(limits[0]) to \(limits[1])")
        }
    }

    private static func isEndpoint(_ text: String) -> Bool {
        ServiceOrigin(text).map { $0.path.isEmpty || $0.path == "/" } ?? false
    }

    // MARK: - Region

    /// What is known without asking the instance's metadata.
    /// - Throws: `configuration` for a file that cannot be read.
    private static func region(
        _ target: QueueTarget, _ options: OptionValues, _ surroundings: Surroundings
    ) throws(TransportError) -> Found? {
        if let entry = options.entry("region"), let value = entry.value { return Found(value: value, source: entry.source.words) }
        if let region = target.region { return Found(value: region, source: "the queue's address") }
        if let (value, source) = surroundings.first("AWS_REGION", "AWS_DEFAULT_REGION") { return Found(value: value, source: source) }
        if let value = try surroundings.value("region") { return Found(value: value, source: "profile \(surroundings.profile.name)") }
        return nil
    }

    func knownRegion() throws(TransportError) -> Found? { try Self.region(target, options, surroundings) }

    private static let missingRegion = TransportError(
        .configuration, "no AWS region is set", hint: "region=eu-west-1 behind the address, or AWS_REGION")

    func region(until deadline: Deadline, stop: StopFlag) throws(TransportError) -> String {
        if let found = try knownRegion() { return try Self.checked(found.value) }
        guard surroundings.truth("AWS_EC2_METADATA_DISABLED") != true else { throw Self.missingRegion }
        guard let region = try? InstanceMetadata(surroundings).region(until: deadline, stop: stop) else { throw Self.missingRegion }
        return try Self.checked(region)
    }

    /// A region becomes part of a host's name.
    private static func checked(_ region: String) throws(TransportError) -> String {
        let isLabel = region.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || $0 == UInt8(ascii: "-") }
        guard isLabel, (1...63).contains(region.utf8.count) else {
            throw TransportError(.configuration, "'\(region)' cannot be a region", hint: "like eu-west-1")
        }
        return region
    }

    // MARK: - Endpoint

    /// Where requests go.
    /// - Throws: `configuration` for an endpoint that is no URL.
    func endpoint(region: String?) throws(TransportError) -> Found? {
        if let entry = options.entry("endpoint"), let value = entry.value { return Found(value: value, source: entry.source.words) }
        if surroundings.truth("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") != true {
            var found = surroundings.first("AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL").map { Found(value: $0.value, source: $0.source) }
            if found == nil, let value = try surroundings.endpoint(ofService: "sqs") {
                found = Found(value: value, source: "profile \(surroundings.profile.name)")
            }
            if let found {
                guard Self.isEndpoint(found.value) else {
                    throw TransportError(.configuration, "\(found.source): '\(found.value)' is not the URL of an endpoint")
                }
                return found
            }
        }
        let variant = try variant()
        if case .url(_, let origin, let own, _, _) = target, variant.isEmpty || own == nil {
            // A URL of before 2013 names a host whose certificate is not its own.
            if own == nil || !origin.host.holds("queue.") { return Found(value: origin.text, source: "the queue's address") }
        }
        guard let region else { return nil }
        let marks = [variant.contains(.fips) ? "FIPS" : nil, variant.contains(.dualStack) ? "dual stack" : nil].compactMap { $0 }
        let partition = Partition.of(region: region)
        return Found(
            value: partition.endpoint(service: "sqs", region: region, variant: variant),
            source: (["region"] + marks).joined(separator: ", "))
    }

    private func variant() throws(TransportError) -> Partition.Variant {
        var variant: Partition.Variant = []
        let keys: [(String, String, String, Partition.Variant)] = [
            ("fips", "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", .fips),
            ("dual-stack", "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", .dualStack),
        ]
        for (option, variable, key, mark) in keys {
            let profile = try surroundings.value(key).map { $0.lowercased() == "true" }
            if options.flag(option) ?? surroundings.truth(variable) ?? profile ?? false { variant.insert(mark) }
        }
        return variant
    }

    /// A file of certificates to trust instead of the system's.
    func caFile() throws(TransportError) -> String? {
        if let file = options.text("ca-file") { return file }
        if let file = surroundings["AWS_CA_BUNDLE"] { return file }
        return try surroundings.value("ca_bundle")
    }

    /// The account that owns the queue, when it is not ours.
    var account: String? { options.text("account") ?? target.account }

    // MARK: - Queue URL

    /// What names were found to mean, for the life of the process.
    private static let urls = Mutex<[String: String]>([:])

    static func cachedURL(_ key: String) -> String? { urls.withLock { $0[key] } }
    static func remember(_ url: String?, for key: String) { urls.withLock { $0[key] = url } }
}
