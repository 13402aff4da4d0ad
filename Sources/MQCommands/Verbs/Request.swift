import MQCore

struct Request: Verb {
    static let table = VerbTable(
        "request", .messages, .changes, "Make requests, and print their replies.",
        description: [
            .text(
                "Each line of standard input is a request unless --framing says otherwise. Arguments are requests as they are, and standard input is then not read. One request is made at a time, so replies are printed in the order of the requests, each as soon as it comes, framed as the requests are."
            ),
            .text(
                "mq request waits for a peer, and then for the reply, --timeout at most for both, and ends with the first request that has none. With --retry that request is made again, to the next peer where there are several. A reply that comes late, or from a peer that was not asked, is dropped and counted: requests then carry a number, which comes back with the reply; a peer that does not send it back is asked again over a new connection. A request that is made again may be worked on twice."
            ),
        ],
        operands: [
            Operand("ADDRESS", .one, .address, help: "Whom to ask: zmq:tcp://host:5555, zmq:ipc:///run/service, ..."),
            Operand("MESSAGE", .any, .message, help: "A request."),
        ],
        sections: [
            .framing,
            VerbTable.Section("Asking", [timeout, retry, replies, count]),
            VerbTable.Section("Opening", [.readyFd]),
        ],
        examples: [
            VerbTable.Example("One question:", "mq request zmq:tcp://127.0.0.1:5555 'how many?'"),
            VerbTable.Example("A server that may be restarting:", "mq request zmq:tcp://127.0.0.1:5555 ping --timeout 1s --retry 5"),
            VerbTable.Example(
                "How long a round trip takes:", "mq request zmq:ipc:///run/echo hello --count 10000 > /dev/null"),
        ],
        statuses: [65, 69, 74, 76, 77, 78],
        negative: "A request has no reply, or there were fewer requests than --count asked for.")

    static let timeout = Flag(
        "timeout", nil, .duration(.milliseconds(1) ... .seconds(1 << 40)), standard: "5s", help: "How long to wait for each reply.")
    static let retry = Flag(
        "retry", nil, .integer(0...1_000_000), standard: "0", help: "Make a request without a reply again, up to N times.")
    static let replies = Flag("replies", nil, .integer(1...Int.max), standard: "1", help: "Wait for N replies to each request.")
    static let count = Flag.count.saying(
        "Make N requests, beginning again with the first argument after the last, and print how long they took.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let framing = try words.framing()
        if framing == .files {
            throw TransportError(.usage, "--framing files is not for requests", hint: "-w takes all of standard input as one request")
        }
        if words.integer(Self.retry) ?? 0 > 0, words.integer(Self.replies) ?? 1 > 1 {
            throw TransportError(.usage, "--retry and --replies exclude each other", hint: "each attempt would have replies of its own")
        }
        let address = try ResolvedAddress(words.word("ADDRESS")!, options: words.texts(.option))
        try address.require(.request, for: "make requests")
        let plan = RequestSession.Plan(
            framing: framing, messages: words.words("MESSAGE"), count: words.integer(Self.count),
            timeout: words.duration(Self.timeout) ?? .seconds(5), retries: words.integer(Self.retry) ?? 0,
            replies: words.integer(Self.replies) ?? 1, ready: try ReadyLine(words.integer(.readyFd)))
        return try RequestSession(plan, address, console: console).run()
    }
}
