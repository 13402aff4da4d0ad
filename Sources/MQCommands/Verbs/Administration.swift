import MQCore

/// What the verbs for the queues themselves share.
enum Administration {
    /// - Parameter stop: raised by the verb's own monitor; without one, a signal ends the program at once.
    static func open(_ resolved: ResolvedAddress, _ console: Console, stop: StopFlag? = nil) throws(TransportError) -> any Admin {
        if stop == nil { ProcessMonitor.releaseSignals() }
        var opening = Opening(stop: stop ?? StopFlag())
        opening.notices = Endpoints.notices(console: console)
        return try resolved.transport().openAdmin(opening)
    }

    static func open(_ words: Arguments, _ console: Console) throws(TransportError) -> any Admin {
        try open(words, try resolve(words), console)
    }

    /// For a verb with `--node`: the queue, as one of several brokers has it where that is asked for.
    static func open(
        _ words: Arguments, _ resolved: ResolvedAddress, _ console: Console, stop: StopFlag? = nil
    ) throws(TransportError) -> any Admin {
        let node = words.table.flag(named: Flag.node.name) == nil ? nil : words.text(.node)
        if node != nil { try resolved.require(.nodes, for: "look after one node", instead: "leave \(words.name(.node)) out") }
        let admin = try open(resolved, console, stop: stop)
        return if let node { try admin.onNode(node) } else { admin }
    }

    static func resolve(_ words: Arguments) throws(TransportError) -> ResolvedAddress {
        let resolved = try ResolvedAddress(words.word("ADDRESS")!, options: words.texts(.option))
        try resolved.require(.admin, for: "look after queues", instead: "it has none that outlive their processes")
        return resolved
    }

    static func json(_ queue: QueueStatus, _ descriptor: Descriptor) -> JSONTree { .object(members(of: queue, descriptor)) }

    static func members(of queue: QueueStatus, _ descriptor: Descriptor) -> [JSONMember] {
        var members = [
            JSONMember(key: "address", value: .string(queue.address)), JSONMember(key: "transport", value: .string(descriptor.name)),
        ]
        members += queue.facts.map { JSONMember(key: $0.key, value: $0.value.tree) }
        if !queue.parts.isEmpty {
            members.append(JSONMember(key: "parts", value: .array(queue.parts.map { json($0, descriptor) })))
        }
        return members
    }

    /// The columns of a listing; a fact that is not known is a dash.
    static func table(_ listing: QueueListing) -> String {
        let columns = listing.columns.map { column in
            Rows.Column(column.heading.uppercased(), isNumeric: listing.queues.contains { $0[column.key]?.isNumeric ?? false })
        }
        var rows = Rows([.init("ADDRESS")] + columns)
        for queue in listing.queues { rows.append([queue.address] + listing.columns.map { queue[$0.key]?.shortText ?? "-" }) }
        return rows.text()
    }
}

extension ExitStatus {
    /// What can come of looking after a queue.
    static let ofQueues: [CInt] = [66, 69, 76, 77, 78]
}

extension Operand {
    /// The one queue of a verb.
    static let queue = Operand("ADDRESS", .one, .address, help: "The queue.")
}
