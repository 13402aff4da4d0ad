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
        try open(try resolve(words), console)
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
        if queue.parts.isEmpty { return }
        json.key("parts")
        json.open("[")
        for part in queue.parts { write(part, descriptor, into: &json) }
        json.close("]")
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
