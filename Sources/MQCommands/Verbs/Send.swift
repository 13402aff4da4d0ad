import ArgumentParser
import MQCore

struct Send: Verb {
    static let configuration = CommandConfiguration(
        commandName: "send", _superCommandName: "mq",
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
    var priority: String?

    @Option(help: ArgumentHelp("Type of messages that name none (sysv: 1 or more).", valueName: "n"))
    var type: String?

    @Option(help: ArgumentHelp("Hold messages back that long before they are delivered, where the transport can.", valueName: "duration"))
    var delay: String?

    @Option(help: ArgumentHelp("Group of messages that name none: order is kept within it (sqs: FIFO queues).", valueName: "name"))
    var group: String?

    @Option(help: ArgumentHelp("Deduplication id of messages that name none: the queue drops a second one.", valueName: "id"))
    var dedup: String?

    @Option(
        name: [.customShort("H", allowingJoined: true), .customLong("attribute")],
        help: ArgumentHelp(
            "An attribute of messages that have none of their own; may be given again. The type is String unless said.",
            valueName: "name[:type]=value"))
    var attributes: [String] = []

    @Option(help: ArgumentHelp("Send at most that many messages a second: 100, 2.5k, 1M.", valueName: "rate"))
    var rate: String?

    @Option(
        name: .customLong("repeat"),
        help: ArgumentHelp("Send the messages of the command line that many times, or forever.", valueName: "n"))
    var repetition: String?

    @Flag(help: "Skip empty messages and count them.")
    var skipEmpty = false

    @Option(
        help: ArgumentHelp("A message the queue cannot carry: fail (the default), or skip it and count.", valueName: "policy"),
        completion: .list(["fail", "skip"]))
    var onError: String?

    @Option(help: ArgumentHelp("The longest wait for room, for a peer, or for acknowledgements at the end.", valueName: "duration"))
    var timeout: String?

    @Option(help: ArgumentHelp("Go on trying that long to open, or to reconnect, with back-off.", valueName: "duration"))
    var retry: String?

    @Flag(help: "Create the queue if it does not exist; its options are those of the address.")
    var create = false

    @Option(help: ArgumentHelp("Write the bound endpoint, or the address, to this descriptor once open.", valueName: "n"))
    var readyFd: String?

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
        let resolved = try ResolvedAddress(address, options: shared.options)
            .creating(create, address, options: shared.options)
        try resolved.require(.send, for: "send")
        let session = try SendSession(
            plan: SendSession.Plan(
                framing: framing, messages: messages, repetition: try repeats(), rate: try Value.rate(rate, "--rate"),
                skipsEmpty: skipEmpty, skipsRefused: try Value.choice(onError, "--on-error", ["fail", "skip"]) == "skip",
                timeout: try Value.duration(timeout, "--timeout"), retry: try Value.duration(retry, "--retry"),
                ready: try ReadyLine(readyFd), defaults: try defaults(resolved)),
            address: resolved, console: console)
        return try session.run()
    }

    private func repeats() throws(TransportError) -> Repetition {
        guard let repetition else { return .times(1) }
        if repetition == "forever" { return .forever }
        return .times(try Value.integer(repetition, "--repeat", 1...Int.max)!)
    }

    private func defaults(_ resolved: ResolvedAddress) throws(TransportError) -> MessageProperties {
        var properties = MessageProperties()
        if priority != nil { try resolved.require(.priority, for: "carry a priority") }
        if type != nil { try resolved.require(.type, for: "carry a type") }
        if delay != nil { try resolved.require(.delay, for: "delay a message") }
        if group != nil { try resolved.require(.group, for: "keep groups of messages") }
        if dedup != nil { try resolved.require(.group, for: "drop duplicates") }
        if !attributes.isEmpty { try resolved.require(.attributes, for: "carry attributes") }
        properties.group = try Value.name(group, "--group")
        properties.dedup = try Value.name(dedup, "--dedup")
        for text in attributes { properties.attributes.append(try Value.attribute(text, after: properties.attributes)) }
        properties.priority = try Value.integer(priority, "--priority", 0...32767)
        properties.type = try Value.integer(type, "--type", 1...Int.max)
        properties.delay = try Value.duration(delay, "--delay")
        return properties
    }
}
