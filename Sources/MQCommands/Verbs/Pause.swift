import ArgumentParser
import MQCore

struct Pause: Verb {
    static let configuration = CommandConfiguration(
        commandName: "pause", _superCommandName: "mq", abstract: "Hold the messages of a queue back from its consumers.",
        usage: "mq pause <address> [<option> ...]",
        discussion: "Senders go on; mq unpause hands the messages over again. A queue that is paused already is as good.")

    @Argument(help: ArgumentHelp("The queue.", valueName: "address"))
    var address: String

    @OptionGroup var shared: SharedOptions

    var subject: String? { address }

    func perform(_ console: Console) throws(TransportError) -> Ending { try Administration.pause(true, address, shared, console) }
}

struct Unpause: Verb {
    static let configuration = CommandConfiguration(
        commandName: "unpause", _superCommandName: "mq", abstract: "Hand the messages of a paused queue over again.",
        usage: "mq unpause <address> [<option> ...]")

    @Argument(help: ArgumentHelp("The queue.", valueName: "address"))
    var address: String

    @OptionGroup var shared: SharedOptions

    var subject: String? { address }

    func perform(_ console: Console) throws(TransportError) -> Ending { try Administration.pause(false, address, shared, console) }
}

extension Administration {
    fileprivate static func pause(
        _ paused: Bool, _ address: String, _ shared: SharedOptions, _ console: Console
    ) throws(TransportError) -> Ending {
        let resolved = try resolve(address, shared)
        try resolved.require(.pause, for: "pause a queue", instead: "its consumers have to be stopped")
        try open(resolved, console).pause(paused)
        console.detail(paused ? "paused" : "no longer paused")
        return .success
    }
}
