import ArgumentParser
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

    static func open(_ address: String, _ shared: SharedOptions, _ console: Console) throws(TransportError) -> any Admin {
        try open(try resolve(address, shared), console)
    }

    static func resolve(_ address: String, _ shared: SharedOptions) throws(TransportError) -> ResolvedAddress {
        let resolved = try ResolvedAddress(address, options: shared.options)
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

struct Create: Verb {
    static let configuration = CommandConfiguration(
        commandName: "create", _superCommandName: "mq", abstract: "Create a queue.", usage: "mq create <address> [<option> ...]",
        discussion: "The options of the address say what it is like: mq create posix-mq:/jobs,maxmsg=64,msgsize=1k,mode=0660")

    @Argument(help: ArgumentHelp("The queue.", valueName: "address"))
    var address: String

    @Flag(help: "A queue that exists already is as good.")
    var ifMissing = false

    @OptionGroup var shared: SharedOptions

    var subject: String? { address }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let made = try Administration.open(address, shared, console).create(exclusive: !ifMissing)
        console.detail(made ? "created" : "exists already")
        return .success
    }
}

struct Purge: Verb {
    static let configuration = CommandConfiguration(
        commandName: "purge", _superCommandName: "mq", abstract: "Remove every message of a queue, and print how many there were.",
        usage: "mq purge <address> [<option> ...]")

    @Argument(help: ArgumentHelp("The queue.", valueName: "address"))
    var address: String

    @OptionGroup var shared: SharedOptions

    var subject: String? { address }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let count = try Administration.open(address, shared, console).purge()
        try Results.print("\(count)\n")
        return .success
    }
}
