/// Everything the rest of the program knows about a transport.
public struct Descriptor: Sendable {
    /// How the part behind the scheme is divided at commas.
    public enum TargetSyntax: Sendable {
        /// One target, then options.
        case single
        /// Elements with `://` or a leading `@` are further targets.
        case endpoints
        /// Behind `//`, commas up to the next `/` separate hosts and belong to the target.
        case authority
    }

    /// What a message survives once `send` has accepted it; figures of different guarantees are no rivals.
    public enum Guarantee: String, Sendable {
        /// Gone with either process.
        case none
        /// Survives both processes, not the machine's restart.
        case kernel
        /// Survives both processes, not the broker's restart.
        case brokerMemory = "broker memory"
        /// On a disk: survives a restart of the broker.
        case disk
        /// With a service that keeps copies on several machines.
        case remote
    }

    /// As `mq transports` lists it.
    public let name: String
    /// The words before the colon of an address.
    public let schemes: [String]
    /// One line for `mq transports`.
    public let summary: String
    /// The forms of an address, as in a synopsis.
    public let forms: [String]
    /// How an address of this transport is taken apart.
    public let targetSyntax: TargetSyntax
    /// What it can do; a verb that needs more is refused before anything is opened.
    public let capabilities: Capabilities
    /// Attributes that a received message may have though none can be sent.
    public let receivedAttributes: Set<String>
    /// What may stand behind the target, in the order of help.
    public let options: [OptionSpec]
    /// How long nothing must come before `--drain` believes that the queue is empty.
    public let emptyWait: Duration
    /// How many readings in a row must agree before the numbers of a queue are believed: more than one where they are estimates.
    public let steadyReadings: Int
    /// What an accepted message survives.
    public let guarantee: Guarantee
    /// Paragraphs for `mq transports NAME` and the man page: what the transport promises and what it does not.
    public let notes: [String]
    /// What a library that the transport may open is, in one sentence: it is looked for when this is called.
    public let library: (@Sendable () -> String)?
    /// Addresses with what they mean, for help.
    public let examples: [(address: String, meaning: String)]

    /// - Parameter emptyWait: zero for a transport that knows when a queue is empty.
    public init(
        name: String, schemes: [String], summary: String, forms: [String], targetSyntax: TargetSyntax = .single,
        capabilities: Capabilities, receivedAttributes: Set<String> = [], options: [OptionSpec], emptyWait: Duration = .zero,
        steadyReadings: Int = 1,
        guarantee: Guarantee = .none, notes: [String], library: (@Sendable () -> String)? = nil,
        examples: [(address: String, meaning: String)]
    ) {
        self.name = name
        self.schemes = schemes
        self.summary = summary
        self.forms = forms
        self.targetSyntax = targetSyntax
        self.capabilities = capabilities
        self.receivedAttributes = receivedAttributes
        self.options = options
        self.emptyWait = emptyWait
        self.steadyReadings = steadyReadings
        self.guarantee = guarantee
        self.notes = notes
        self.library = library
        self.examples = examples
    }

    /// The keys of all options.
    public var optionKeys: Set<String> { Set(options.map(\.key)) }

    /// Whether `mq list` without an address asks this transport: its queues are this machine's, and no broker need answer.
    public var listsByDefault: Bool { capabilities.contains(.kernel) }

    /// The error for a capability that is not there.
    public func lacks(_ capability: Capabilities, instead: String? = nil) -> TransportError {
        TransportError(.unsupported, "\(name) has no \(capability.names.joined(separator: ", "))", hint: instead)
    }
}
