public import MQCore

/// Named queues inside this process: the reference of the tests and the floor of the benchmark.
///
/// A queue is made on first use, bounded, first in first out, shared by every sender and receiver of the process, and
/// gone with the process. Without a name, `mem:` discards what is sent: what is left to measure is the reading and framing.
public struct MemoryTransport: Transport {
    public static let descriptor = Descriptor(
        name: "mem", schemes: ["mem"], summary: "queues inside this process, for tests and as the floor of bench",
        forms: ["mem:NAME", "mem:temp", "mem:"],
        capabilities: [
            .send, .receive, .acknowledge, .requeue, .peek, .admin, .delay, .attributes, .group, .untilClosed, .temporary, .exactCount,
            .processLocal, .attempts, .timestamps, .createsOnUse, .ordered,
        ],
        options: [
            OptionSpec(
                "depth", .integer(1...(1 << 30)), standard: "16384", scope: .create,
                help: "messages the queue holds before a sender waits"),
            OptionSpec(
                "bytes", .bytes(1...(1 << 40)), standard: "16MiB", scope: .create,
                help: "bytes the queue holds before a sender waits; a single larger message still passes"),
            OptionSpec("max-message", .bytes(0...(1 << 40)), scope: .create, help: "largest message; without it there is no limit"),
        ],
        notes: [
            "A queue is made on first use with the options of that use and lives until it is deleted or the process ends. "
                + "Another process does not see it.",
            "mem: without a name discards what is sent, at a cost per batch and not per message: the floor of the harness. "
                + "Nothing can be received from it.",
            "A message put back goes to the end of the queue; what a receiver leaves unsettled when it closes returns to the front.",
        ],
        examples: [
            ("mem:", "discards; measures reading and framing alone"),
            ("mem:work,depth=1000", "a queue of at most 1000 messages"),
        ])

    /// `nil` is the discarding sink.
    let queue: MemoryQueue?
    let address: Address
    private let options: MemoryQueue.Bounds
    private let isExplicit: Bool

    public init(_ address: Address, options: OptionValues) throws(TransportError) {
        self.address = address
        self.options = MemoryQueue.Bounds(
            depth: options.integer("depth") ?? 16384, bytes: options.bytes("bytes") ?? 16 << 20,
            largestMessage: options.bytes("max-message"))
        isExplicit = !options.entries.isEmpty
        // A temporary queue belongs to this value; a named one is looked up when it is opened.
        queue = address.target == "temp" ? MemoryQueue(name: "temp", bounds: self.options) : nil
    }

    public func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint {
        let bounds = ",depth=\(options.depth),bytes=\(options.bytes)" + (options.largestMessage.map { ",max-message=\($0)" } ?? "")
        guard !discards else {
            throw TransportError(.usage, "mem: without a name discards: nothing can be received from it", hint: "mem:temp")
        }
        return MeetingPoint(sending: "mem:\(queue == nil ? address.target : unique)\(bounds)", isPrivate: queue != nil)
    }

    var discards: Bool { address.target.isEmpty }

    public func explain() -> [Fact] {
        if discards { return [Fact("queue", "Queue", .text("none: what is sent is discarded"))] }
        return [
            Fact("queue", "Queue", .text(address.target)),
            Fact("exists", "Exists", .flag(queue != nil || MemoryRegistry.find(address.target) != nil)),
        ]
    }

    public func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        if discards { return DiscardingSender(largestMessage: options.largestMessage) }
        return MemorySender(queue: open(opening), defaults: opening.defaults)
    }

    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        if discards {
            throw TransportError(.usage, "mem: without a name only discards", hint: "a receiver needs a name: mem:NAME")
        }
        if opening.mode == .peek { return MemoryPeeker(queue: open(opening)) }
        return MemoryReceiver(queue: open(opening), endsWithLastSender: opening.endsWithLastSender)
    }

    public func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin {
        MemoryAdmin(name: address.target, temporary: queue, bounds: options)
    }

    private func open(_ opening: Opening) -> MemoryQueue {
        if let queue { return queue }
        let (found, isNew) = MemoryRegistry.findOrMake(address.target, options)
        if !isNew && isExplicit && found.bounds != options {
            opening.notices.warn(
                "queue \(address.target) exists and keeps its own bounds: depth=\(found.bounds.depth),bytes=\(found.bounds.bytes)")
        }
        return found
    }
}
