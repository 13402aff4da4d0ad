import MQCore

/// What the flags of a verb that works on messages say, checked before anything is opened.
struct WorkPlan {
    let address: ResolvedAddress
    var count: Int?
    var drains = false
    /// The longest wait for a message; in vain, it is the negative answer.
    var timeout: Duration?
    /// Messages are looked at, and stay where they are.
    var peeks = false
    var grace: Duration?
    var persistence = Persistence()
    var maxTime: Duration?
    var retry: Duration?
    var deadLetters: DeadLetters.Plan?
    var ready: ReadyLine?
    var status: StatusAddress?
    var verb = ""

    init(_ address: ResolvedAddress) { self.address = address }

    /// - Throws: `usage`, `unsupported`.
    init(_ words: Arguments, operand: StaticString = "ADDRESS") throws(TransportError) {
        let (text, options) = (words.word(operand)!, words.texts(.option))
        address = try ResolvedAddress(text, options: options).creating(words.has(.create), text, options: options)
        try address.require(.receive, for: "receive")
        (count, drains, grace) = (words.integer(.count), words.has(.drain), words.duration(.grace))
        persistence.idle = words.duration(.stopWhenIdle)
        if let text = words.text(.backoff) { persistence.backoff = try Backoff(parsing: text) }
        if let hold = words.integer(.hold) { persistence.hold = hold }
        maxTime = try words.text(.maxTime).map(Self.maxTime)
        retry = words.duration(.retry)
        deadLetters = try Self.deadLetters(words, address)
        ready = try ReadyLine(words.integer(.readyFd))
        verb = words.table.name
        status = try words.text(.statusAddr).map { text throws(TransportError) in
            try StatusAddress(parsing: text, isPublic: words.has(.statusPublic))
        }
    }

    /// `10m`, or `10m~` for a time between 9 and 11 minutes.
    static func maxTime(_ text: String) throws(TransportError) -> Duration {
        let isLoose = text.hasSuffix("~")
        guard let time = Quantity.duration(isLoose ? String(text.dropLast()) : text) else {
            throw TransportError(
                .usage, "--max-time '\(text)' is not a duration", hint: "durations are written 10s, 250ms or 2m; 2m~ is loose")
        }
        return isLoose ? time * Double.random(in: 0.9...1.1) : time
    }

    private static func deadLetters(_ words: Arguments, _ source: ResolvedAddress) throws(TransportError) -> DeadLetters.Plan? {
        let attempts = words.integer(.maxAttempts)
        guard let text = words.text(.deadLetter) else {
            return attempts.map { DeadLetters.Plan(attempts: $0, address: nil, retry: nil) }
        }
        let address = try ResolvedAddress(text, options: [])
        try address.require(.send, for: "send")
        if address.isSame(as: source) {
            throw TransportError(.usage, "--dead-letter is the queue that messages come from", hint: "they would come again for ever")
        }
        return DeadLetters.Plan(attempts: attempts, address: address, retry: words.duration(.retry))
    }
}
