import MQCore

struct Post: Verb {
    static let table = VerbTable(
        "post", .work, .changes, "Post each message to a worker over HTTP.",
        description: [
            .text(
                "The message is the body of a POST, byte for byte; connections are reused. The worker's answer says what becomes of the message:"
            ),
            .terms([
                ("2xx", "it is done, and acknowledged; with --contract eb, only 200 is"),
                ("408, 425, 429, 5xx, no answer", "it is tried again, when Retry-After says, or else after --backoff"),
                ("3xx", "it is tried again; a redirect is never followed"),
                ("410", "it goes back to the queue, and mq post ends with status 2"),
                ("any other 4xx", "it is given up: --dead-letter has it, or it is dropped; with --contract eb, it is tried again"),
            ]),
            .text(
                "With several URLs, messages go to each in turn. One that does not answer gets nothing for a while, twice as long each time (at most five minutes), and then a single message, or with --health a question, which shows whether it answers again. No messages are taken while no URL answers. Retry-After is believed up to twelve hours."
            ),
            .text("Each request has these headers in addition to Content-Type and User-Agent, as far as the transport knows the values:"),
            .terms([
                ("Mq-Id Mq-Queue", "the broker's name of the message, and the address"), ("Mq-Attempt", "1 at first"),
                ("Mq-Timestamp", "when the queue took it, RFC 3339"),
                ("Mq-Attr-NAME", "an attribute, unless HTTP cannot carry it: an end of line, or more than 8 KiB"),
            ]),
            .text(
                "With --contract eb they are those of the worker tier of Elastic Beanstalk: X-Aws-Sqsd-Msgid, -Queue, -First-Received-At, -Receive-Count and -Attr-NAME."
            ),
            .text(
                "A worker that was reached may have acted on a message though no answer came: it is posted again, and --dedup only knows what was answered. A connection that the worker closed while it lay idle is replaced at once, in the same attempt."
            ),
        ],
        operands: [
            Operand("ADDRESS", .one, .address, help: "Where from: posix-mq:/name, nsq:topic/channel, sqs:name, ..."),
            Operand(
                "URL", .some, .text(["http://127.0.0.1:", "http://localhost:", "https://"]), help: "Where to: http://127.0.0.1:8080/work."),
        ],
        sections: [
            VerbTable.Section("Requests", [jobs, contract, contentType, header, timeout, connectTimeout, on, dedup]),
            VerbTable.Section("Health", [health, healthLimit]),
            VerbTable.Section("Signatures and TLS", [signKeyFile, caFile, clientCert, clientKey]),
            .taking, .failing, .running, .opening,
        ],
        examples: [
            VerbTable.Example(
                "In place of sqsd: ten requests at once, none before the worker is healthy:",
                "mq post sqs:jobs http://127.0.0.1:8080/work --contract eb \\", "    --health /health -j 10 --status-addr 127.0.0.1:9000"),
            VerbTable.Example(
                "In place of nsq_to_http, to two workers, with what fails five times kept:",
                "mq post nsq:clicks/web http://127.0.0.1:8080/ http://127.0.0.1:8081/ -j 20 \\",
                "    --max-attempts 5 --dead-letter nsq:clicks-dead"),
            VerbTable.Example(
                "Only what is there; a conflict is not a failure:",
                "mq post posix-mq:/jobs http://127.0.0.1:8080/ --drain --on 409=ok"),
            VerbTable.Example(
                "Signed, over TLS with a certificate of one's own:",
                "mq post sqs:hooks https://example.com/hook --sign-key-file hook.key --ca-file ca.pem"),
        ],
        statuses: [65, 66, 69, 74, 75, 76, 77, 78],
        negative: "Fewer messages were done than -n asked for.")

    static let jobs = Flag("jobs", "j", .integer(1...10_000), standard: "1", help: "Make up to N requests at once.")
    static let contract = Flag(
        "contract", nil, .choice(PostContract.allCases.map(\.rawValue)), "NAME", standard: "mq",
        help: "Headers and rules: those of mq, or of the worker tier of Elastic Beanstalk (eb).")
    static let contentType = Flag(
        "content-type", nil, .name, "TYPE",
        help: "Content-Type of each request; otherwise application/json if the message is JSON, else application/octet-stream.")
    static let header = Flag("header", nil, .text(), "NAME:VALUE", repeats: true, help: "Add a header to each request (repeatable).")
    static let timeout = Flag(
        "timeout", nil, .duration(.milliseconds(1) ... .seconds(1 << 30)), standard: "1m",
        help: "Wait DURATION for an answer, connecting included; then the attempt has failed.")
    static let connectTimeout = Flag(
        "connect-timeout", nil, .duration(.milliseconds(1) ... .seconds(1 << 30)), standard: "5s", help: "Wait DURATION for a connection.")
    static let on = Flag(
        "on", nil, .text(["409=", "404=", "400-499="]), "STATUS=VERDICT", repeats: true,
        help: "What a status means: ok, retry, reject or stop, as in 409,413=reject or 500-599=stop (repeatable).")
    static let dedup = Flag(
        "dedup", nil, .integer(1...10_000_000),
        help:
            "Acknowledge messages whose id is among the last N that were done, without a request. They are kept in memory: a restart knows none."
    )
    static let health = Flag(
        "health", nil, .name, "URL-OR-PATH",
        help: "Take nothing until this address, or this path at each URL's server, answers 200; ask again when a URL has failed.")
    static let healthLimit = Flag(
        "health-limit", nil, .duration(.milliseconds(1) ... .seconds(1 << 30)), standard: "1m",
        help: "Exit with status 69 when no URL has been healthy for DURATION (--health).")
    static let signKeyFile = Flag(
        "sign-key-file", nil, .file, repeats: true,
        help: "Sign each request with the key in FILE (Standard Webhooks); give two while one replaces the other.")
    static let caFile = Flag("ca-file", nil, .file, help: "Trust the certificates in FILE instead of the system's.")
    static let clientCert = Flag("client-cert", nil, .file, help: "Present the certificate in FILE (PEM) to workers.")
    static let clientKey = Flag("client-key", nil, .file, help: "The private key of --client-cert, where it is in a file of its own.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        var plan = try plan()
        let workPlan = try WorkPlan(words)
        let address = workPlan.address.address
        plan.queue = plan.contract == .eb ? address.queueName : address.short
        let session = try WorkSession(workPlan, console: console) { [plan] setting throws(TransportError) in
            try PostWork(plan, turn: setting.turn, console: console)
        }
        return try session.run()
    }

    /// - Throws: `usage`, and what is wrong with a file.
    func plan() throws(TransportError) -> PostPlan {
        var urls: [PostURL] = []
        for text in words.words("URL") { urls.append(try PostURL(text)) }
        var plan = PostPlan(urls: urls)
        plan.width = words.integer(Self.jobs) ?? plan.width
        plan.contract = words.text(Self.contract).flatMap(PostContract.init) ?? plan.contract
        plan.rules = try VerdictRules(parsing: words.texts(Self.on), codes: 100...599, what: "an HTTP status")
        for text in words.texts(Self.header) { plan.headers.append(try PostHeaders.parse(text)) }
        plan.contentType = words.text(Self.contentType)
        if let text = plan.contentType { _ = try PostHeaders.parse("Content-Type: \(text)", flag: "--content-type") }
        plan.timeout = words.duration(Self.timeout) ?? plan.timeout
        plan.connectTimeout = words.duration(Self.connectTimeout) ?? plan.connectTimeout
        plan.remembered = words.integer(Self.dedup)
        try readHealth(into: &plan)
        try readFiles(into: &plan)
        return plan
    }

    private func readHealth(into plan: inout PostPlan) throws(TransportError) {
        guard let health = words.text(Self.health) else {
            if !words.has(Self.healthLimit) { return }
            throw TransportError(.usage, "--health-limit needs --health", hint: "--health /health")
        }
        // A path is looked at as part of a URL.
        _ = health.hasPrefix("/") ? try PostURL(plan.urls[0].at(health)) : try PostURL(health)
        plan.health = health
        plan.healthLimit = words.duration(Self.healthLimit) ?? plan.healthLimit
    }

    private func readFiles(into plan: inout PostPlan) throws(TransportError) {
        let keys = words.texts(Self.signKeyFile)
        if keys.count > 2 {
            throw TransportError(.usage, "--sign-key-file is given \(keys.count) times", hint: "two, while one replaces the other")
        }
        if !keys.isEmpty { plan.signer = try WebhookSigner(files: keys) }
        if words.has(Self.clientKey) && !words.has(Self.clientCert) {
            throw TransportError(.usage, "--client-key needs --client-cert", hint: "--client-cert FILE")
        }
        (plan.caFile, plan.certificateFile, plan.keyFile) = (
            words.text(Self.caFile), words.text(Self.clientCert), words.text(Self.clientKey)
        )
        // Said now, not at each message.
        for file in [plan.caFile, plan.certificateFile, plan.keyFile] {
            if let file { _ = try LocalFile.contents(of: file, limit: 1 << 22) }
        }
    }
}
