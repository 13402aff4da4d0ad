import MQCore

final class MemoryAdmin: Admin {
    private let name: String
    private let temporary: MemoryQueue?
    private let bounds: MemoryQueue.Bounds

    init(name: String, temporary: MemoryQueue?, bounds: MemoryQueue.Bounds) {
        self.name = name
        self.temporary = temporary
        self.bounds = bounds
    }

    func list() throws(TransportError) -> QueueListing {
        let queues = MemoryRegistry.all.sorted { $0.name < $1.name }
        return QueueListing(
            queues: queues.map(Self.status), limits: [],
            columns: [.init("messages", "messages"), .init("bytes", "bytes"), .init("depth", "of"), .init("senders", "senders")])
    }

    func status() throws(TransportError) -> QueueStatus { Self.status(try find()) }

    func create(exclusive: Bool) throws(TransportError) -> Bool {
        if name.isEmpty { throw Self.nameless }
        if temporary != nil { return true }
        let (_, isNew) = MemoryRegistry.findOrMake(name, bounds)
        if !isNew && exclusive { throw TransportError(.cannotCreate, "queue exists already") }
        return isNew
    }

    func delete() throws(TransportError) {
        let queue = try find()
        _ = MemoryRegistry.remove(name)
        queue.remove()
    }

    func purge() throws(TransportError) -> Int { try find().purge() }

    private static var nameless: TransportError { TransportError(.usage, "mem: needs the name of a queue", hint: "mem:NAME") }

    private func find() throws(TransportError) -> MemoryQueue {
        if name.isEmpty { throw Self.nameless }
        guard let queue = temporary ?? MemoryRegistry.find(name) else {
            throw TransportError(
                .noSuchQueue, "no such queue in this process", hint: "a mem queue is made on first use and gone with its process")
        }
        return queue
    }

    private static func status(_ queue: MemoryQueue) -> QueueStatus {
        let now = queue.status
        var facts = [
            Fact("messages", "Messages", .number(now.messages)),
            Fact("bytes", "Bytes", .bytes(now.bytes)),
            Fact("delayed", "Held back", .number(now.heldBack)),
            Fact("accepted", "Accepted so far", .counter(now.accepted)),
            Fact("senders", "Senders", .number(now.senders)),
            Fact("depth", "Depth", .number(queue.bounds.depth)),
            Fact("byte_limit", "Byte limit", .bytes(queue.bounds.bytes)),
        ]
        if let largest = queue.bounds.largestMessage { facts.append(Fact("max_message", "Largest message", .bytes(largest))) }
        return QueueStatus(address: "mem:\(queue.name)", facts: facts)
    }
}
