import MQCore

struct Recv: Verb {
    static let table = VerbTable(
        "recv", .messages, .changes, "Receive messages to standard output.",
        description: [
            .text(
                "Each message is a line unless --framing or --format says otherwise. Without a limit, mq recv goes on until it is interrupted. A message is settled after it was written, never before; one that could not be written goes back to the queue, or to standard error as JSON where the transport cannot take it back."
            ),
            .text(
                "With --out-dir, messages are settled once their file is synced. A file is called NAME.part while it is written and gets its name, which overwrites nothing, when it ends: at --rotate-size, at --rotate-every, on SIGHUP and at the end. In the pattern of --name (default: \(FileName.standard)), strftime(3) fields and these words are replaced:"
            ),
            .terms(FileName.words),
            .text(
                "With --seq, mq recv checks the sequence numbers that many feeds have: each must be one higher than that of the message before it with the same topic. The first ten gaps, duplicates and steps back are reported, and all are counted in a last line (with --log-format json, in its member sequence). After the highest number of 32 bits comes 0. A publisher that begins anew is one step back."
            ),
            .text("--format prints these fields and adds nothing by itself, not even a newline; C escapes are undone:"),
            .terms(OutputFormat.fields),
        ],
        operands: [Operand("ADDRESS", .one, .address, help: "Where from: posix-mq:/name, sysv:0x4d51, zmq:@ENDPOINT, ...")],
        sections: [
            .framing.adding(
                .frames.saying("Print the frames of each message as N records."),
                .delimiterFrame.saying("Take off the empty frame that ZeroMQ requests have in front of their bodies.")),
            VerbTable.Section(
                "What to receive", [.count, .drain, peek, untilClosed, .timeout.saying("Give up when no message comes for DURATION.")]),
            VerbTable.Section("Output", [format, raw, strict, sequence]),
            VerbTable.Section("Files", [outDir, name, rotateSize, rotateEvery, compress, syncEvery]),
            VerbTable.Section("Delivery", [ack, prefetch, .maxAttempts, .deadLetter]),
            VerbTable.Section("Opening", [.retry, .create, .readyFd]),
        ],
        examples: [
            VerbTable.Example("Exactly ten messages:", "mq recv posix-mq:/jobs -n 10"),
            VerbTable.Example(
                "What is there now, or a note that there is nothing:", "mq recv posix-mq:/jobs --drain || echo nothing there"),
            VerbTable.Example("Priority and length of each message, one per line:", "mq recv posix-mq:/jobs -f '%p %S\\n'"),
            VerbTable.Example("Any bytes, without loss:", "mq recv posix-mq:/jobs -F len32 > messages"),
            VerbTable.Example(
                "Compressed files that end on the hour or at 100 MiB:",
                "mq recv posix-mq:/logs --out-dir logs --name '{queue}.%Y-%m-%d_%H.log' --rotate-every 1h --rotate-size 100M --compress gzip"
            ),
            VerbTable.Example(
                "The blocks that a Bitcoin node announces, with a count of those that were missed:",
                "mq recv zmq:sub:tcp://127.0.0.1:28332,subscribe=hashblock -J --seq frame=3,le32"),
            VerbTable.Example("Who subscribes to what:", "mq recv zmq:xpub:@tcp://:5556 -J"),
            VerbTable.Example("One file per message:", "mq recv posix-mq:/jobs --drain -F files --out-dir in.d"),
        ],
        statuses: [65, 66, 69, 73, 76, 77, 78],
        negative: "No result: the queue was empty, the time was up, or fewer messages came than -n asked for.")

    static let format = Flag(
        "format", "f", .text(), "FORMAT", help: "Print the fields of each message that FORMAT names, such as '%p %s\\n'.")
    static let peek = Flag("peek", help: "Show messages and leave them in the queue, where the transport can.")
    static let untilClosed = Flag("until-closed", help: "Exit when the last sender has gone, where the transport can tell.")
    static let ack = Flag(
        "ack", nil, .choice(AckTime.allCases.map(\.rawValue)), "WHEN", standard: "after",
        help: "Settle a message after it was written, before, or never.")
    static let prefetch = Flag(
        "prefetch", nil, .integer(0...Int.max),
        help: "Take at most N messages ahead of what was written. Without acknowledgement, N is 256 by default, and a kill loses no more.")
    static let strict = Flag("strict", help: "Fail with status 65 instead of a warning when a message contains the delimiter.")
    static let sequence = Flag(
        "seq", nil, .text(SequencePlace.examples), "PLACE",
        help:
            "Check sequence numbers per topic (first frame) and count gaps. PLACE is frame=N and le32, le64, be32, be64 or text: frame=3,le32; offset=N skips N bytes."
    )
    static let raw = Flag("raw", help: "Do not escape control bytes on a terminal.")
    static let outDir = Flag(
        "out-dir", nil, .folder,
        help: "Write files instead of standard output: one per message with --framing files; otherwise many messages per file.")
    static let name = Flag(
        "name", nil, .text(), "PATTERN", help: "Names of files in --out-dir: strftime fields and {queue} {host} {pid} {n}.")
    static let rotateSize = Flag("rotate-size", nil, .size, help: "Start a new file when one has grown to SIZE: 100M.")
    static let rotateEvery = Flag(
        "rotate-every", nil, .duration(.milliseconds(1) ... .seconds(1 << 40)),
        help: "Start a new file at whole multiples of DURATION by the clock: 1h is on the hour.")
    static let compress = Flag(
        "compress", nil, .text(["gzip"]), "METHOD", help: "Compress files: gzip, or gzip=LEVEL from 1 to 9 (gzip is gzip=6).")
    static let syncEvery = Flag(
        "sync-every", nil, .duration(),
        help: "Sync and settle at most once per DURATION; otherwise whenever the queue is momentarily empty.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let framing = try words.framing()
        try check(framing)
        let (address, options) = (words.word("ADDRESS")!, words.texts(.option))
        let resolved = try ResolvedAddress(address, options: options).creating(words.has(.create), address, options: options)
        try resolved.require(.receive, for: "receive")
        if words.has(Self.peek) {
            let isAdministered = resolved.descriptor.capabilities.contains(.admin)
            try resolved.require(
                .peek, for: "show a message without taking it, as --peek asks",
                instead: isAdministered ? "mq stat \(ShellWord.quoted(address)) shows how many there are" : nil)
        }
        if words.has(Self.untilClosed) {
            try resolved.require(.untilClosed, for: "tell that the last sender has gone", instead: "use --timeout or -n")
        }
        let ackTime = words.text(Self.ack).flatMap(AckTime.init) ?? .after
        if ackTime != .after {
            try resolved.require(.acknowledge, for: "acknowledge", instead: "a message is gone from the queue once received")
        }
        var presentation = Presentation.framed(framing)
        if let text = words.text(Self.format) {
            let format = try OutputFormat(parsing: text)
            presentation = .format(format)
            let empty = format.emptyFields(of: resolved.descriptor)
            if !empty.isEmpty {
                console.warn("\(resolved.descriptor.name) has nothing for \(empty.joined(separator: ", ")): what is printed is empty there")
            }
        }
        let session = try RecvSession(
            plan: RecvSession.Plan(
                presentation: presentation, frames: try frames(framing, resolved),
                sequence: try words.text(Self.sequence).map(SequencePlace.init(parsing:)),
                count: words.integer(.count), drains: words.has(.drain), peeks: words.has(Self.peek),
                untilClosed: words.has(Self.untilClosed), timeout: words.duration(.timeout), ack: ackTime,
                prefetch: words.integer(Self.prefetch), retry: words.duration(.retry), isStrict: words.has(Self.strict),
                isRaw: words.has(Self.raw), folder: framing == .files ? words.text(Self.outDir) : nil,
                files: framing == .files ? nil : try files(resolved), deadLetters: try deadLetters(resolved, ackTime),
                ready: try ReadyLine(words.integer(.readyFd))),
            address: resolved, console: console)
        return try session.run()
    }

    private func frames(_ framing: Framing, _ resolved: ResolvedAddress) throws(TransportError) -> FrameOutput? {
        guard let flag = [Flag.frames, .delimiterFrame].first(where: { words.has($0) }) else { return nil }
        try resolved.require(.frames, for: "carry several frames, as --\(flag.name) asks")
        if words.has(.frames) {
            try framing.checkHasNoFrames()
            if words.has(Self.format) { throw TransportError(.usage, "--format prints messages, and --frames their frames") }
            if framing == .files { throw TransportError(.usage, "--framing files writes a file per message, whatever its frames") }
        }
        return FrameOutput(count: words.integer(.frames), takesDelimiter: words.has(.delimiterFrame))
    }

    func check(_ framing: Framing) throws(TransportError) {
        if words.has(Self.format) && (words.has(.framing) || framing != .lines) {
            throw TransportError(.usage, "--format and --framing exclude each other", hint: "a format ends a record itself: -f '%s\\n'")
        }
        if framing == .files && !words.has(Self.outDir) {
            throw TransportError(.usage, "--framing files needs a folder", hint: "--out-dir FOLDER")
        }
        let forFiles = [Self.name, Self.rotateSize, Self.rotateEvery, Self.compress, Self.syncEvery]
        if let flag = forFiles.first(where: { words.has($0) }), !words.has(Self.outDir) || framing == .files {
            throw TransportError(
                .usage, "--\(flag.name) is for files of many messages",
                hint: framing == .files ? "--framing files writes one per message" : "--out-dir FOLDER writes such")
        }
    }

    func files(_ resolved: ResolvedAddress) throws(TransportError) -> FileSink.Plan? {
        guard let outDir = words.text(Self.outDir) else { return nil }
        let level = try Self.gzipLevel(words.text(Self.compress))
        return FileSink.Plan(
            file: RotatingFile.Plan(
                folder: outDir,
                name: try FileName(
                    words.text(Self.name) ?? FileName.standard, queue: resolved.address, suffix: level == nil ? "" : ".gz"),
                size: words.size(Self.rotateSize), every: words.duration(Self.rotateEvery), gzip: level),
            syncEvery: words.duration(Self.syncEvery))
    }

    /// `gzip` or `gzip=9`; the level.
    static func gzipLevel(_ text: String?) throws(TransportError) -> Int? {
        guard let text else { return nil }
        if text == "gzip" { return 6 }
        if text.hasPrefix("gzip="), let level = Quantity.integer(String(text.dropFirst(5))), (1...9).contains(level) { return level }
        throw TransportError(.usage, "--compress '\(text)' is not a compression method", hint: "gzip, or gzip=1 to gzip=9")
    }

    func deadLetters(_ resolved: ResolvedAddress, _ ackTime: AckTime) throws(TransportError) -> DeadLetters.Plan? {
        guard let attempts = words.integer(.maxAttempts) else {
            if !words.has(.deadLetter) { return nil }
            throw TransportError(.usage, "--dead-letter needs --max-attempts", hint: "--max-attempts 5")
        }
        try resolved.require(.attempts, for: "tell how often a message was delivered")
        if words.has(Self.peek) || ackTime == .never {
            throw TransportError(
                .usage, "--max-attempts takes messages away, which --\(words.has(Self.peek) ? "peek" : "ack never") does not")
        }
        let destination = try words.text(.deadLetter).map { text throws(TransportError) in try ResolvedAddress(text, options: []) }
        try destination?.require(.send, for: "send")
        if destination?.address.short == resolved.address.short {
            throw TransportError(.usage, "--dead-letter is the queue that messages come from", hint: "they would come again for ever")
        }
        return DeadLetters.Plan(attempts: attempts, address: destination, retry: words.duration(.retry))
    }
}
