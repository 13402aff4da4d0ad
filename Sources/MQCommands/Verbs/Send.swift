import MQCore

struct Send: Verb {
    static let table = VerbTable(
        "send", .messages, .changes, "Send messages from the arguments, or records from standard input.",
        description: [
            .text(
                "Each line of standard input is a message unless --framing says otherwise. Arguments are messages as they are, and standard input is then not read. A message that begins with a dash goes behind --."
            ),
            .text(
                "mq send exits when everything is acknowledged or handed to the peer. What the queue cannot carry is found before it is sent. When sending breaks off, the last lines say where to resume."
            ),
        ],
        operands: [
            Operand("ADDRESS", .one, .address, help: "Where to: posix-mq:/name, sysv:0x4d51, zmq:ENDPOINT, ..."),
            Operand("MESSAGE", .any, .message, help: "A message; with --framing files, the name of a file."),
        ],
        sections: [
            .framing.adding(.frames.saying("Make one message of N frames from each N records or arguments.")),
            VerbTable.Section(
                "What messages carry",
                [
                    firstFrame, .delimiterFrame.saying("Put an empty frame in front of each message, behind --first-frame."), priority,
                    type, delay, group, dedup, attribute,
                ]),
            VerbTable.Section(
                "Sending", [.rate.saying("Send at most RATE messages per second: 100, 2.5k, 1M."), repetition, skipEmpty, onError]),
            VerbTable.Section(
                "Opening and ending",
                [
                    .timeout.saying("How long to wait for room, a peer, or final acknowledgements."), .retry, .create, .readyFd,
                ]),
        ],
        examples: [
            VerbTable.Example("Two messages, the second beginning with a dash:", "mq send posix-mq:/jobs first -- -second"),
            VerbTable.Example("Lines of a file, at most 1000 per second:", "mq send posix-mq:/jobs --rate 1k < jobs.txt"),
            VerbTable.Example("Each file of a folder as one message:", "mq send posix-mq:/jobs -F files queue.d/*"),
            VerbTable.Example("Skip and count what the queue cannot carry:", "mq send posix-mq:/jobs --on-error skip < mixed.txt"),
            VerbTable.Example(
                "Topic and body, each a frame, for subscribers:", "mq send zmq:pub:@tcp://:5556 --frames 2 weather.berlin 21"),
            VerbTable.Example(
                "With a priority of its own:", #"echo '{"body": "now", "priority": 9}' | mq send posix-mq:/jobs -J"#),
        ],
        statuses: [65, 66, 69, 73, 75, 76, 77, 78])

    static let firstFrame = Flag(
        "first-frame", nil, .text(), "TEXT",
        help: "Put TEXT in front of each message as a frame of its own (zmq: the topic of pub, the peer of router).")
    static let priority = Flag(
        "priority", nil, .integer(0...32767), help: "Priority of messages without one (posix-mq: 0 to 32767, the highest first).")
    static let type = Flag("type", nil, .integer(1...Int.max), help: "Type of messages without one (sysv: 1 or more).")
    static let delay = Flag("delay", nil, .duration(), help: "Deliver messages after DURATION at the earliest, where the transport can.")
    static let group = Flag(
        "group", nil, .name, help: "Group of messages without one; order is kept within a group (sqs: FIFO queues).")
    static let dedup = Flag(
        "dedup", nil, .name, "ID", help: "Deduplication ID of messages without one; the queue drops a second message with the same ID.")
    static let attribute = Flag(
        "attribute", "H", .text(), "NAME[:TYPE]=VALUE", repeats: true,
        help: "Attribute of messages without any (repeatable). TYPE is String unless given.")
    static let repetition = Flag(
        "repeat", nil, .text(["forever"]), "N", help: "Send the messages of the command line N times, or forever.")
    static let skipEmpty = Flag("skip-empty", help: "Skip empty messages and count them.")
    static let onError = Flag(
        "on-error", nil, .choice(["fail", "skip"]), "POLICY", standard: "fail",
        help: "What to do with a message the queue cannot carry: fail, or skip and count it.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let framing = try words.framing()
        let messages = words.words("MESSAGE")
        if framing == .files && messages.isEmpty {
            throw TransportError(.usage, "--framing files takes the names of files as arguments")
        }
        if words.has(Self.repetition) && messages.isEmpty {
            let address = ShellWord.quoted(words.word("ADDRESS")!)
            throw TransportError(.usage, "--repeat repeats the messages of the command line", hint: "mq send \(address) MESSAGE --repeat 3")
        }
        let (address, options) = (words.word("ADDRESS")!, words.texts(.option))
        let resolved = try ResolvedAddress(address, options: options).creating(words.has(.create), address, options: options)
        try resolved.require(.send, for: "send")
        let session = try SendSession(
            plan: SendSession.Plan(
                framing: framing, frames: try frames(framing, messages.count, resolved), messages: messages, repetition: try repeats(),
                rate: words.rate(.rate),
                skipsEmpty: words.has(Self.skipEmpty), skipsRefused: words.text(Self.onError) == "skip",
                timeout: words.duration(.timeout), retry: words.duration(.retry),
                ready: try ReadyLine(words.integer(.readyFd)), defaults: try defaults(resolved)),
            address: resolved, console: console)
        return try session.run()
    }

    /// Frames beside those that records have.
    private func frames(_ framing: Framing, _ wordCount: Int, _ resolved: ResolvedAddress) throws(TransportError) -> FrameAssembly? {
        guard let flag = [.frames, Self.firstFrame, .delimiterFrame].first(where: { words.has($0) }) else { return nil }
        try resolved.require(.frames, for: "carry several frames, as --\(flag.name) asks")
        let count = words.integer(.frames) ?? 1
        if words.has(.frames) { try framing.checkHasNoFrames() }
        guard wordCount % count == 0 else {
            throw TransportError(
                .usage, "\(Quantity.count(wordCount, "argument")) cannot be divided into messages of \(Quantity.count(count, "frame"))")
        }
        return FrameAssembly(
            count: count, first: words.text(Self.firstFrame)?.rawBytes, hasDelimiter: words.has(.delimiterFrame))
    }

    private func repeats() throws(TransportError) -> Repetition {
        guard let text = words.text(Self.repetition) else { return .times(1) }
        if text == "forever" { return .forever }
        try ValueKind.integer(1...Int.max).check(text, "--repeat")
        return .times(Quantity.integer(text)!)
    }

    func defaults(_ resolved: ResolvedAddress) throws(TransportError) -> MessageProperties {
        let needs: [(Flag, Capabilities, String)] = [
            (Self.priority, .priority, "carry a priority"), (Self.type, .type, "carry a type"), (Self.delay, .delay, "delay a message"),
            (Self.group, .group, "keep groups of messages"), (Self.dedup, .group, "drop duplicates"),
            (Self.attribute, .attributes, "carry attributes"),
        ]
        for (flag, capability, purpose) in needs where words.has(flag) { try resolved.require(capability, for: purpose) }
        var properties = MessageProperties()
        properties.group = words.text(Self.group)
        properties.dedup = words.text(Self.dedup)
        for text in words.texts(Self.attribute) {
            properties.attributes.append(try Attribute(parsing: text, after: properties.attributes))
        }
        properties.priority = words.integer(Self.priority)
        properties.type = words.integer(Self.type)
        properties.delay = words.duration(Self.delay)
        return properties
    }
}
