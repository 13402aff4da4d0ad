import ArgumentParser
import MQCore

struct Recv: Verb {
    static let configuration = CommandConfiguration(
        commandName: "recv", _superCommandName: "mq",
        abstract: "Receive messages to standard output.",
        usage: "mq recv <address> [<option> ...]",
        discussion: """
            Each message is a line unless --framing or --format says otherwise. Without a limit, mq recv goes on until it \
            is interrupted. A message is settled after it was written, never before; one that could not be written goes \
            back to the queue, or to standard error as JSON where the transport cannot take it back.

            With --out-dir, messages are settled once their file is synced. A file is called NAME.part while it is \
            written and gets its name, which overwrites nothing, when it ends: at --rotate-size, at --rotate-every, on \
            SIGHUP and at the end. Words of --name (\(FileName.standard) if not given): \
            \(FileName.words.map { "\($0.0) \($0.1)" }.joined(separator: "; ")).

            Fields of --format, which adds nothing by itself, not even a newline (C escapes are undone):
            \(OutputFormat.fields.map { "\($0.0) \($0.1)" }.joined(separator: "; ")).
            """)

    @Argument(help: ArgumentHelp("Where from: posix-mq:/name, sysv:0x4d51, zmq:@ENDPOINT, …", valueName: "address"))
    var address: String

    @OptionGroup var framingOptions: FramingOptions

    @Option(
        name: [.customShort("f", allowingJoined: true), .long],
        help: ArgumentHelp("Print the fields of each message that FORMAT names.", valueName: "format"))
    var format: String?

    @Option(
        name: [.customShort("n", allowingJoined: true), .customLong("count")],
        help: ArgumentHelp("Take so many messages and end.", valueName: "n"))
    var count: String?

    @Flag(help: "Take what is there and end: 0 if something came, 1 if nothing did.")
    var drain = false

    @Flag(help: "Show messages and leave them in the queue, where the transport can.")
    var peek = false

    @Flag(help: "End when the last sender has gone, where the transport can tell.")
    var untilClosed = false

    @Option(help: ArgumentHelp("The longest wait for the next message.", valueName: "duration"))
    var timeout: String?

    @Option(
        help: ArgumentHelp("Settle after the message was written (the default), before, or never.", valueName: "when"),
        completion: .list(AckTime.allCases.map(\.rawValue)))
    var ack: String?

    @Option(help: ArgumentHelp("The most messages to take ahead.", valueName: "n"))
    var prefetch: String?

    @Option(help: ArgumentHelp("Go on trying that long to open, or to reconnect, with back-off.", valueName: "duration"))
    var retry: String?

    @Flag(help: "Create the queue if it does not exist; its options are those of the address.")
    var create = false

    @Flag(help: "End with status 65 instead of a warning when a message contains the delimiter.")
    var strict = false

    @Flag(help: "Do not escape control bytes on a terminal.")
    var raw = false

    @Option(
        help: ArgumentHelp("Hand over no message delivered more often than that: drop it, or move it (--dead-letter).", valueName: "n"))
    var maxAttempts: String?

    @Option(help: ArgumentHelp("Where messages over --max-attempts go, any address; acknowledged once it has them.", valueName: "address"))
    var deadLetter: String?

    @Option(
        help: ArgumentHelp(
            "Write files instead of standard output: one a message with --framing files, else files of many.", valueName: "folder"))
    var outDir: String?

    @Option(help: ArgumentHelp("Names of files in --out-dir: strftime fields and {queue} {host} {pid} {n}.", valueName: "pattern"))
    var name: String?

    @Option(help: ArgumentHelp("Begin another file when one has grown to that size: 100M.", valueName: "size"))
    var rotateSize: String?

    @Option(help: ArgumentHelp("Begin another file at whole multiples of that by the clock: 1h is on the hour.", valueName: "duration"))
    var rotateEvery: String?

    @Option(help: ArgumentHelp("Compress files: gzip, or gzip=LEVEL from 1 to 9 (6).", valueName: "method"), completion: .list(["gzip"]))
    var compress: String?

    @Option(
        help: ArgumentHelp(
            "Sync files, and settle what is in them, that seldom; unless given, whenever the queue is momentarily empty.",
            valueName: "duration"))
    var syncEvery: String?

    @Option(help: ArgumentHelp("Write the bound endpoint, or the address, to this descriptor once open.", valueName: "n"))
    var readyFd: String?

    @OptionGroup var shared: SharedOptions

    var subject: String? { address }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let framing = try framingOptions.resolve()
        try check(framing)
        let resolved = try ResolvedAddress(address, options: shared.options)
            .creating(create, address, options: shared.options)
        try resolved.require(.receive, for: "receive")
        if peek { try resolved.require(.peek, for: "show a message without taking it", instead: "mq stat shows how many there are") }
        if untilClosed { try resolved.require(.untilClosed, for: "tell that the last sender has gone", instead: "use --timeout or -n") }
        let ackTime = try Value.choice(ack, "--ack", AckTime.allCases.map(\.rawValue)).flatMap(AckTime.init) ?? .after
        if ackTime != .after {
            try resolved.require(.acknowledge, for: "acknowledge", instead: "a message is gone from the queue once received")
        }
        let session = try RecvSession(
            plan: RecvSession.Plan(
                presentation: try format.map { text throws(TransportError) in .format(try OutputFormat(parsing: text)) }
                    ?? .framed(framing),
                count: try Value.integer(count, "-n", 1...Int.max), drains: drain, peeks: peek, untilClosed: untilClosed,
                timeout: try Value.duration(timeout, "--timeout"), ack: ackTime,
                prefetch: try Value.integer(prefetch, "--prefetch", 0...Int.max), retry: try Value.duration(retry, "--retry"),
                isStrict: strict, isRaw: raw, folder: framing == .files ? outDir : nil,
                files: framing == .files ? nil : try files(resolved), deadLetters: try deadLetters(resolved, ackTime),
                ready: try ReadyLine(readyFd)),
            address: resolved, console: console)
        return try session.run()
    }

    private func check(_ framing: Framing) throws(TransportError) {
        if format != nil && (framingOptions.framing != nil || framing != .lines) {
            throw TransportError(.usage, "--format and --framing exclude each other", hint: "a format ends a record itself: -f '%s\\n'")
        }
        if framing == .files && outDir == nil {
            throw TransportError(.usage, "--framing files needs a folder", hint: "--out-dir FOLDER")
        }
        let forFiles = [
            ("--name", name), ("--rotate-size", rotateSize), ("--rotate-every", rotateEvery), ("--compress", compress),
            ("--sync-every", syncEvery),
        ]
        if let (flag, _) = forFiles.first(where: { $0.1 != nil }), outDir == nil || framing == .files {
            throw TransportError(
                .usage, "\(flag) is for files of many messages",
                hint: outDir == nil ? "--out-dir FOLDER writes such" : "--framing files writes one a message")
        }
    }

    private func files(_ resolved: ResolvedAddress) throws(TransportError) -> FileSink.Plan? {
        guard let outDir else { return nil }
        let level = try Value.gzipLevel(compress, "--compress")
        return FileSink.Plan(
            file: RotatingFile.Plan(
                folder: outDir,
                name: try FileName(name ?? FileName.standard, queue: resolved.address, suffix: level == nil ? "" : ".gz"),
                size: try Value.size(rotateSize, "--rotate-size"), every: try Value.interval(rotateEvery, "--rotate-every"), gzip: level),
            syncEvery: try Value.duration(syncEvery, "--sync-every"))
    }

    private func deadLetters(_ resolved: ResolvedAddress, _ ackTime: AckTime) throws(TransportError) -> DeadLetters.Plan? {
        guard let attempts = try Value.integer(maxAttempts, "--max-attempts", 1...Int.max) else {
            if deadLetter == nil { return nil }
            throw TransportError(.usage, "--dead-letter needs --max-attempts", hint: "--max-attempts 5")
        }
        try resolved.require(.attempts, for: "tell how often a message was delivered")
        if peek || ackTime == .never {
            throw TransportError(.usage, "--max-attempts takes messages away, which --\(peek ? "peek" : "ack never") does not")
        }
        let destination = try deadLetter.map { text throws(TransportError) in try ResolvedAddress(text, options: []) }
        try destination?.require(.send, for: "send")
        if destination?.address.short == resolved.address.short {
            throw TransportError(.usage, "--dead-letter is the queue that messages come from", hint: "they would come again for ever")
        }
        return DeadLetters.Plan(attempts: attempts, address: destination, retry: try Value.duration(retry, "--retry"))
    }
}
