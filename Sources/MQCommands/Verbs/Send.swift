import ArgumentParser
import MQCore

enum ErrorPolicy: String, ExpressibleByArgument, CaseIterable { case fail, skip }

/// How often the messages of the command line are sent.
struct Repetition: ExpressibleByArgument {
    /// `nil` is for ever.
    let count: Int?
    init?(argument: String) {
        if argument == "forever" {
            count = nil
        } else if let number = Quantity.integer(argument), number > 0 {
            count = number
        } else {
            return nil
        }
    }
}

/// Messages per second.
struct Rate: ExpressibleByArgument {
    let perSecond: Double
    init?(argument: String) {
        let text = argument.hasSuffix("/s") ? String(argument.dropLast(2)) : argument
        let factor = text.hasSuffix("k") ? 1e3 : text.hasSuffix("M") ? 1e6 : 1
        guard let number = Double(factor == 1 ? text : String(text.dropLast())), number > 0, number.isFinite else { return nil }
        perSecond = number * factor
    }
}

struct Send: Verb {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send messages from the arguments, or records from standard input.",
        usage: "mq send <address> [<message> ...] [<option> ...]",
        discussion: """
            Each line of standard input is a message unless --framing says otherwise; arguments are messages as they \
            are, and standard input is then not read. A message that begins with a dash goes behind --.

            mq send ends when everything is acknowledged or handed to the peer. What the queue cannot carry is found \
            before it is sent. When sending breaks off, the last lines say where to resume.
            """)

    @Argument(help: ArgumentHelp("Where to: posix-mq:/name, sysv:0x4d51, zmq:ENDPOINT, …", valueName: "address"))
    var address: String

    @Argument(help: ArgumentHelp("Messages; with --framing files, the names of files.", valueName: "message"))
    var messages: [String] = []

    @OptionGroup var framingOptions: FramingOptions

    @Option(help: ArgumentHelp("Priority of messages that name none (posix-mq: 0…32767, the highest first).", valueName: "n"))
    var priority: Int?

    @Option(help: ArgumentHelp("Type of messages that name none (sysv: 1 or more).", valueName: "n"))
    var type: Int?

    @Option(help: ArgumentHelp("Hold messages back that long before they are delivered, where the transport can.", valueName: "duration"))
    var delay: DurationArgument?

    @Option(help: ArgumentHelp("Send at most that many messages a second: 100, 2.5k, 1M.", valueName: "rate"))
    var rate: Rate?

    @Option(name: .customLong("repeat"), help: ArgumentHelp("Send the messages of the command line that many times, or forever.", valueName: "n"))
    var repetition: Repetition?

    @Flag(help: "Skip empty messages and count them.")
    var skipEmpty = false

    @Option(help: ArgumentHelp("A message the queue cannot carry: fail, or skip it and count.", valueName: "policy"))
    var onError: ErrorPolicy = .fail

    @Option(help: ArgumentHelp("The longest wait for room, for a peer, or for acknowledgements at the end.", valueName: "duration"))
    var timeout: DurationArgument?

    @Option(help: ArgumentHelp("Go on trying that long to open, or to reconnect, with back-off.", valueName: "duration"))
    var retry: DurationArgument?

    @Flag(help: "Create the queue if it does not exist; its options are those of the address.")
    var create = false

    @Option(help: ArgumentHelp("Write the bound endpoint, or the address, to this descriptor once open.", valueName: "n"))
    var readyFd: Int32?

    @OptionGroup var shared: SharedOptions

    var subject: String? { address }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let framing = try framingOptions.resolve()
        if framing == .files && messages.isEmpty {
            throw TransportError(.usage, "--framing files takes the names of files as arguments")
        }
        if repetition != nil && messages.isEmpty {
            throw TransportError(.usage, "--repeat repeats the messages of the command line", hint: "mq send ADDRESS MESSAGE --repeat 3")
        }
        let resolved = try ResolvedAddress(address, options: shared.options + (create ? ["create"] : []))
        try resolved.require(.send, for: "send")
        let session = try SendSession(
            plan: SendSession.Plan(
                framing: framing, messages: messages, repetition: repetition, rate: rate?.perSecond, skipsEmpty: skipEmpty,
                skipsRefused: onError == .skip, timeout: timeout?.duration, retry: retry?.duration, readyDescriptor: readyFd,
                defaults: try defaults(resolved)),
            address: resolved, console: console)
        return try session.run()
    }

    private func defaults(_ resolved: ResolvedAddress) throws(TransportError) -> MessageProperties {
        var properties = MessageProperties()
        if let priority {
            try resolved.require(.priority, for: "carry a priority")
            guard (0...32767).contains(priority) else { throw TransportError(.usage, "--priority must be 0 to 32767") }
            properties.priority = priority
        }
        if let type {
            try resolved.require(.type, for: "carry a type")
            guard type >= 1 else { throw TransportError(.usage, "--type must be 1 or more") }
            properties.type = type
        }
        if let delay {
            try resolved.require(.delay, for: "delay a message")
            properties.delay = delay.duration
        }
        return properties
    }
}
