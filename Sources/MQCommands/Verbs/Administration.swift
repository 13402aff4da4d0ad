import ArgumentParser
import MQCore

/// What the verbs for the queues themselves share.
enum Administration {
    static func open(_ resolved: ResolvedAddress, _ console: Console) throws(TransportError) -> any Admin {
        var opening = Opening(stop: StopFlag())
        opening.notices = Endpoints.notices(console: console)
        return try resolved.transport().openAdmin(opening)
    }

    static func open(_ address: String, _ shared: SharedOptions, _ console: Console) throws(TransportError) -> any Admin {
        let resolved = try ResolvedAddress(address, options: shared.options)
        try resolved.require(.admin, for: "look after queues", instead: "it has none that outlive their processes")
        return try open(resolved, console)
    }

    static func write(_ queue: QueueStatus, _ descriptor: Descriptor, into json: inout JSONText) {
        json.open("{")
        json.key("address")
        json.value(queue.address)
        json.key("transport")
        json.value(descriptor.name)
        for fact in queue.facts {
            json.key(fact.key)
            fact.value.write(into: &json)
        }
        json.close("}")
    }
}

struct Stat: Verb {
    static let configuration = CommandConfiguration(
        commandName: "stat", _superCommandName: "mq", abstract: "Show everything about one queue.",
        usage: "mq stat <address> [<option> ...]")

    @Argument(help: ArgumentHelp("The queue.", valueName: "address"))
    var address: String

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var shared: SharedOptions

    var subject: String? { address }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let resolved = try ResolvedAddress(address, options: shared.options)
        let status = try Administration.open(address, shared, console).status()
        if json {
            var text = JSONText()
            Administration.write(status, resolved.descriptor, into: &text)
            try Results.print(text.string + "\n")
        } else {
            let rows = [["Address", status.address]] + status.facts.map { [$0.label, $0.value.text] }
            try Results.print(rows.map { $0[0] + String(repeating: " ", count: max(1, 18 - $0[0].count)) + $0[1] + "\n" }.joined())
        }
        return .success
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

struct Delete: Verb {
    static let configuration = CommandConfiguration(
        commandName: "delete", _superCommandName: "mq", abstract: "Delete a queue with its messages.",
        usage: "mq delete <address> [<option> ...]")

    @Argument(help: ArgumentHelp("The queue.", valueName: "address"))
    var address: String

    @Flag(help: "A queue that does not exist is as good.")
    var ifExists = false

    @OptionGroup var shared: SharedOptions

    var subject: String? { address }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        do throws(TransportError) {
            try Administration.open(address, shared, console).delete()
        } catch {
            guard ifExists, error.code == .noSuchQueue else { throw error }
            console.detail("there was none")
        }
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
