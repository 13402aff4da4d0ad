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

    static func write(_ queue: QueueStatus, _ descriptor: Descriptor, into json: inout JSONText) {
        json.open("{")
        writeMembers(queue, descriptor, into: &json)
        json.close("}")
    }

    static func writeMembers(_ queue: QueueStatus, _ descriptor: Descriptor, into json: inout JSONText) {
        json.key("address")
        json.value(queue.address)
        json.key("transport")
        json.value(descriptor.name)
        for fact in queue.facts {
            json.key(fact.key)
            fact.value.write(into: &json)
        }
        if !queue.parts.isEmpty { write(queue.parts, descriptor, as: "parts", into: &json) }
    }

    static func write(_ queues: [QueueStatus], _ descriptor: Descriptor, as key: String, into json: inout JSONText) {
        json.key(key)
        json.open("[")
        for queue in queues { write(queue, descriptor, into: &json) }
        json.close("]")
    }

    /// The columns of a listing; a fact that is not known is a dash.
    static func table(_ listing: QueueListing) -> String {
        let rows = listing.queues.map { queue in [queue.address] + listing.columns.map { queue[$0.key]?.shortText ?? "-" } }
        let numeric = listing.columns.indices.filter { column in
            listing.queues.contains { $0[listing.columns[column].key]?.isNumeric ?? false }
        }
        return Results.table(
            ["ADDRESS"] + listing.columns.map { $0.heading.uppercased() }, rows, alignedRight: Set(numeric.map { $0 + 1 }))
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
