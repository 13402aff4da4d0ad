internal import Glibc
public import MQCore

/// POSIX message queues, mq_overview(7): in the kernel, ordered by priority, visible within one IPC namespace.
public struct POSIXMQTransport: Transport {
    /// What the target names.
    enum Target: Sendable {
        /// With its leading slash; empty when `list` names none.
        case name(String)
        /// An open queue, handed over by the parent process (systemd's `ListenMessageQueue=`).
        case descriptor(CInt)
        /// A private queue, made when it is first opened.
        case temporary(TemporaryQueue)
    }

    let target: Target
    let options: OptionValues

    public init(_ address: Address, options: OptionValues) throws(TransportError) {
        self.options = options
        let text = address.target
        if text == "temp" {
            target = .temporary(TemporaryQueue())
        } else if text.hasPrefix("fd=") {
            guard let number = Quantity.integer(String(text.dropFirst(3))), (0...0x7fff_ffff).contains(number) else {
                throw TransportError(.usage, "'\(text)' is not a descriptor", hint: "write posix-mq:fd=3")
            }
            target = .descriptor(CInt(number))
        } else {
            target = .name(try Self.checkedName(text))
        }
    }

    /// mq_overview(7): a slash, then up to 255 bytes without another.
    private static func checkedName(_ text: String) throws(TransportError) -> String {
        if text.isEmpty || text == "/" { return "" }
        let name = text.hasPrefix("/") ? text : "/" + text
        let bare = name.dropFirst()
        let size = String(bare).rawBytes.count
        if size > 255 {
            throw TransportError(.usage, "the name has \(size) bytes, a queue's name at most 255")
        }
        if bare.contains("/") {
            throw TransportError(.usage, "'\(name)': a queue's name has one slash, at its beginning")
        }
        if bare == "." || bare == ".." { throw TransportError(.usage, "'\(name)' is not a name for a queue") }
        return name
    }

    /// The address of the queue of that name, as it is printed and taken back.
    static func address(of name: String) -> String { Address(scheme: "posix-mq", targets: [name]).text }

    /// The name, or words for what has none.
    func requiredName() throws(TransportError) -> String {
        switch target {
        case .name(let name) where name.isEmpty:
            throw TransportError(.usage, "the address names no queue", hint: "write posix-mq:/name")
        case .name(let name): return name
        case .temporary(let queue): return queue.name
        case .descriptor(let number): return "fd=\(number)"
        }
    }

    public func explain() -> [Fact] {
        switch target {
        case .name(let name): [Fact("name", "Name", .text(name.isEmpty ? "(none)" : name), source: "address")]
        case .temporary(let queue): [Fact("name", "Name", .text(queue.name), source: "private, removed at exit")]
        case .descriptor(let number): [Fact("descriptor", "Descriptor", .identifier(Int(number)), source: "address")]
        }
    }

    public func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint {
        switch target {
        case .temporary: return MeetingPoint(sending: "posix-mq:/\(unique)\(options.text)", isPrivate: true)
        case .name: return MeetingPoint(sending: Self.address(of: try requiredName()) + options.text, isPrivate: false)
        case .descriptor: throw TransportError(.unsupported, "another process cannot open a descriptor")
        }
    }

    public func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        if let priority = opening.defaults.priority, !(0...Self.maximumPriority).contains(priority) {
            throw TransportError(.usage, "a priority is 0 to \(Self.maximumPriority)")
        }
        let queue = try open(O_WRONLY, opening)
        return POSIXMQSender(queue, opening)
    }

    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        guard case .consume = opening.mode else {
            throw Self.descriptor.lacks(.peek, instead: "mq stat shows how many messages there are")
        }
        let queue = try open(O_RDONLY, opening)
        return POSIXMQReceiver(queue, isPrompt: opening.isPrompt)
    }

    public func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin {
        POSIXMQAdmin(transport: self, notices: opening.notices)
    }

    static let maximumPriority = 32767

    /// Opens for one direction only, since permission is given per direction.
    private func open(_ access: CInt, _ opening: Opening) throws(TransportError) -> Queue {
        let name = try requiredName()
        switch target {
        case .descriptor(let number): return try Queue(inherited: number)
        case .temporary(let owner):
            _ = try Creation(name: name, options: options, notices: opening.notices).run(exclusive: false)
            let queue = try Queue(name: name, access: access, owner: owner)
            opening.notices(.listening(Self.address(of: name)))
            return queue
        case .name:
            if options.flag("create") == true {
                _ = try Creation(name: name, options: options, notices: opening.notices).run(exclusive: false)
            }
            return try Queue(name: name, access: access)
        }
    }
}

extension POSIXMQTransport {
    public static let descriptor = Descriptor(
        name: "posix-mq",
        schemes: ["posix-mq"],
        summary: "POSIX message queues of this IPC namespace",
        forms: ["posix-mq:/name", "posix-mq:name", "posix-mq:fd=N", "posix-mq:temp"],
        capabilities: [.send, .receive, .admin, .priority, .temporary, .exactCount, .kernel, .ordered],
        options: [
            OptionSpec("create", .flag, standard: "no", help: "Create the queue if it does not exist."),
            OptionSpec(
                "maxmsg", .integer(1...65536), standard: "what the limits allow", scope: .create,
                help: "How many messages the queue holds. Up to a hundred or so, deeper is faster."),
            OptionSpec(
                "msgsize", .bytes(1...16_777_216), standard: "msgsize_default, 8192", scope: .create,
                help: "The largest message in bytes. It costs no speed, only the user's limit."),
            OptionSpec(
                "mode", .mode, standard: "0600 less the umask", scope: .create, help: "Who may send (write) and receive (read), exactly."),
        ],
        guarantee: .kernel,
        notes: [
            """
            A queue lives in the kernel until it is deleted or the machine restarts, and is seen by every process of the same \
            IPC namespace: the containers of one Pod share it. Nothing needs to be mounted to send and receive.
            """,
            """
            Messages come out by priority (0…32767, the highest first) and in order within one. A message received is gone \
            from the queue; there is no acknowledgement and no peeking. A receiver that is killed loses what it has taken and not \
            written, at most the prefetch of recv.
            """,
            """
            The user's queues together may take RLIMIT_MSGQUEUE bytes (ulimit -q), each maxmsg × (msgsize + 96), over all \
            namespaces. fs.mqueue.msg_max, msgsize_max and queues_max bound each namespace.
            """,
            """
            send and recv never create a queue unless asked to (create). The attributes of an existing queue are left as they \
            are, and a difference to what was asked for is said.
            """,
        ],
        examples: [
            ("posix-mq:/jobs", "the queue /jobs"),
            ("posix-mq:/jobs,create,maxmsg=64,msgsize=1k", "created if it is not there"),
            ("posix-mq:fd=3", "a queue that systemd opened"),
        ])
}
