import ArgumentParser
import Glibc
import MQCore

struct Delete: Verb {
    static let configuration = CommandConfiguration(
        commandName: "delete", _superCommandName: "mq", abstract: "Delete a queue with its messages.",
        usage: "mq delete <address> [<option> ...]",
        discussion: """
            On a terminal it asks before it deletes a queue that is not empty, or anything of a broker, which others may use. \
            In a script it does not ask.
            """)

    @Argument(help: ArgumentHelp("The queue.", valueName: "address"))
    var address: String

    @Flag(help: "A queue that does not exist is as good.")
    var ifExists = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var shared: SharedOptions

    var subject: String? { address }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let resolved = try Administration.resolve(address, shared)
        do throws(TransportError) {
            let admin = try Administration.open(resolved, console)
            let isAttended = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
            if isAttended && !yes, let question = try Self.question(resolved, admin) {
                guard console.confirms(question) else { return .negative("not deleted") }
            }
            try admin.delete()
        } catch {
            guard ifExists, error.code == .noSuchQueue else { throw error }
            console.detail("there was none")
        }
        return .success
    }

    /// What to ask; `nil` when nobody would miss anything.
    static func question(_ resolved: ResolvedAddress, _ admin: any Admin) throws(TransportError) -> String? {
        let status = try admin.status()
        var messages = 0
        if case .number(let number)? = status["messages"] ?? status["depth"] { messages = number }
        let isLocal = !resolved.descriptor.capabilities.isDisjoint(with: [.kernel, .processLocal])
        if isLocal && messages == 0 { return nil }
        let content = messages == 0 ? "" : " with \(Quantity.count(messages, "message"))"
        return "delete \(status.address)\(content)?"
    }
}
