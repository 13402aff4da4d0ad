import MQCore

/// Flags that mean the same in every verb that has them.
extension Flag {
    static let framing = Flag(
        "framing", "F", .framing, standard: "lines",
        help: "How messages are told apart: lines, nul, delim:STR, len32, netstring, whole, jsonl or files.")
    static let nul = Flag("null", "0", help: "Same as --framing nul.")
    static let whole = Flag("whole", "w", help: "Same as --framing whole.")
    static let jsonl = Flag("jsonl", "J", help: "Same as --framing jsonl.")

    static let frames = Flag("frames", nil, .integer(1...65_536), help: "Have N frames per message, each a record of its own.")
    static let delimiterFrame = Flag("delimiter-frame", help: "Messages have an empty frame in front, as requests of ZeroMQ do.")

    static let count = Flag("count", "n", .integer(1...Int.max), help: "Exit after N messages.")
    static let drain = Flag("drain", help: "Take what is there and exit: 0 if there was something, 1 if there was nothing.")
    static let timeout = Flag("timeout", nil, .duration(), help: "Give up when nothing happens for DURATION.")
    static let retry = Flag(
        "retry", nil, .patience, help: "Keep retrying to open or reconnect for up to DURATION, or forever, with back-off.")
    static let create = Flag("create", help: "Create the queue if it does not exist, with the options of the address.")
    static let readyFd = Flag(
        "ready-fd", nil, .integer(0...Int(CInt.max)), help: "Write the bound endpoint, or the address, to descriptor N once open.")
    static let maxAttempts = Flag(
        "max-attempts", nil, .integer(1...Int.max), help: "After N deliveries, drop the message, or move it (--dead-letter).")
    static let deadLetter = Flag(
        "dead-letter", nil, .address, help: "Move messages over --max-attempts to ADDRESS; acknowledge them once it has them.")
    static let rate = Flag("rate", nil, .rate, help: "At most RATE messages per second: 100, 2.5k, 1M.")
    static let node = Flag(
        "node", nil, .name, "NODE", help: "At one of several brokers only, by its address; mq list --nodes shows them.")
    static let json = Flag("json", help: "Print JSON.")

    static let option = Flag(
        "option", "o", .addressOption, repeats: true, help: "Set an option of the address (repeatable); mq transports NAME lists them.")
    static let quiet = Flag("quiet", "q", help: "Print only errors.")
    static let verbose = Flag("verbose", "v", repeats: true, help: "Explain what happens; -vv explains more.")
    static let logFormat = Flag(
        "log-format", nil, .choice(["text", "json"]), "FORMAT", standard: "text",
        help: "Format of what goes to standard error: text or json.")
    static let errorFormat = Flag(
        "error-format", nil, .choice(["text", "json"]), "FORMAT", standard: "text", help: "Format of errors: text or json.")
    static let color = Flag(
        "color", nil, .choice(["auto", "always", "never"]), "WHEN", standard: "auto", help: "Use colour: auto, always or never.")
    static let help = Flag("help", "h", help: "Show this help.")
}

extension VerbTable.Section {
    static let framing = VerbTable.Section("Framing", [.framing, .nul, .whole, .jsonl])

    func adding(_ flags: Flag...) -> VerbTable.Section { VerbTable.Section(title, self.flags + flags) }
    /// Of every verb; options of an address only where one is named.
    static func common(namesAddress: Bool) -> VerbTable.Section {
        VerbTable.Section(
            "Common options", (namesAddress ? [.option] : []) + [.quiet, .verbose, .logFormat, .errorFormat, .color, .help])
    }
}

extension Framing {
    /// - Throws: `usage` for a framing that has a way of its own for frames.
    func checkHasNoFrames() throws(TransportError) {
        if self == .jsonl {
            throw TransportError(.usage, "with --framing jsonl each record has its frames in \"frames\"", hint: "leave --frames out")
        }
        if self == .whole { throw TransportError(.usage, "--framing whole makes one record of all, and --frames needs several") }
    }
}
