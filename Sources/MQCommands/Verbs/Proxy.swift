import MQCore

struct Proxy: Verb {
    static let table = VerbTable(
        "proxy", .work, .changes, "Pass messages between two ZeroMQ sockets, for many peers on either side.",
        description: [
            .text(
                "Programs on both sides connect to one place that does not move, and need not know of each other. The types of the two sockets say what is passed on; one of them is enough:"
            ),
            .lines([
                "FRONT xsub, BACK xpub      forwarder: to those who subscribed",
                "FRONT pull, BACK push      streamer: each message to one receiver",
                "FRONT router, BACK dealer  queue: each request to one server,",
                "                           and its replies to whoever asked",
            ]),
            .text(
                "Frames pass unchanged. A forwarder asks the publishers for each topic once, and tells them when nobody wants it any more. Nothing is taken that cannot be handed over: while every peer at the back is at its high-water mark, or none is there, messages wait with their senders. A forwarder waits for its slowest subscriber, unless drop is among the options of BACK."
            ),
            .text(
                "With --capture, every message that passes is also written to a file, as mq recv -J writes it, with from (front or back) and arrived (nanoseconds since 1970) in front; or it is sent to a zmq address behind a frame that says front or back. A capture never holds the proxy up: what it cannot take is not captured but counted, and mq says so."
            ),
            .text(
                "Asked to end by a signal, mq proxy takes nothing more, delivers what it has taken, and waits for replies to requests that were passed on (--grace). The last line, and SIGUSR1 at any time, says what came in at each side."
            ),
        ],
        operands: [
            Operand("FRONT", .one, .address, help: "Where messages or requests come in: zmq:pull:@tcp://:5557, ..."),
            Operand("BACK", .one, .address, help: "Where they go: zmq:push:@tcp://:5558, ..."),
        ],
        sections: [
            VerbTable.Section("Looking", [capture]), VerbTable.Section("Running", [grace, .statusAddr, .statusPublic]),
            VerbTable.Section("Opening", [.retry.saying("Keep trying to open the addresses for up to DURATION, or forever."), .readyFd]),
        ],
        examples: [
            VerbTable.Example("Publishers on one side, subscribers on the other:", "mq proxy zmq:xsub:@tcp://:5557 zmq:xpub:@tcp://:5558"),
            VerbTable.Example(
                "Work from many to many, with a copy of it in a file:",
                "mq proxy zmq:pull:@tcp://:5557 zmq:push:@tcp://:5558 --capture work.jsonl"),
            VerbTable.Example(
                "Requests to servers that connect and leave as they like:",
                "mq proxy zmq:router:@tcp://:5555 zmq:dealer:@ipc:///run/servers"),
        ],
        statuses: [69, 73, 74, 77, 78])

    static let capture = Flag(
        "capture", nil, .text(), "ADDRESS|FILE", help: "Copy every message to a zmq address, or to FILE as JSON Lines.")
    static let grace = Flag(
        "grace", nil, .duration(), standard: "5s",
        help: "When asked to stop, wait DURATION for what was taken to be delivered, and for replies.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        var plan = ProxySession.Plan(front: try end(words.word("FRONT")!), back: try end(words.word("BACK")!))
        plan.capture = try words.text(Self.capture).map { text throws(TransportError) in try captured(text) }
        if let grace = words.duration(Self.grace) { plan.grace = grace }
        plan.retry = words.duration(.retry)
        plan.ready = try ReadyLine(words.integer(.readyFd))
        plan.status = try words.text(.statusAddr).map { text throws(TransportError) in
            try StatusAddress(parsing: text, isPublic: words.has(.statusPublic))
        }
        return try ProxySession(plan, console: console).run()
    }

    private func end(_ text: String) throws(TransportError) -> ResolvedAddress {
        try TransportError.naming(Address.escapingRaw(text)) { () throws(TransportError) in
            let address = try ResolvedAddress(text, options: words.texts(.option))
            try address.require(.relay, for: "be an end of a proxy", instead: "mq bridge moves messages between any two queues")
            return address
        }
    }

    /// An address has a scheme, or is an alias; anything else is a file.
    private func captured(_ text: String) throws(TransportError) -> ProxySession.Capture {
        guard text.hasPrefix("@") || Address.scheme(of: text) != nil else { return .file(text) }
        return try TransportError.naming(Address.escapingRaw(text)) { () throws(TransportError) in
            let address = try ResolvedAddress(text, options: [])
            try address.require(.frames, for: "take a capture", instead: "a zmq address, or a file")
            try address.require(.send, for: "send")
            return .queue(address)
        }
    }
}
