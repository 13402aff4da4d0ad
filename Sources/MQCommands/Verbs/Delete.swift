import Glibc
import MQCore

struct Delete: Verb {
    static let table = VerbTable(
        "delete", .queues, .changes, "Delete a queue with its messages.",
        description: [
            .text(
                "On a terminal, mq asks before it deletes a queue that is not empty, or anything of a broker, which others may use. In a script it does not ask."
            ),
            .text(
                "With --node, what one of several brokers has is deleted, and consumers are not sent there for it any more: nsqlookupd keeps a tombstone until the nsqd has let the topic go."
            ),
        ],
        operands: [.queue],
        sections: [VerbTable.Section("Deleting", [ifExists, .node, yes])],
        examples: [
            VerbTable.Example("A System V queue by its key:", "mq delete sysv:0x4d51"),
            VerbTable.Example("At the end of a script, whether it is there or not:", "mq delete posix-mq:/jobs --if-exists"),
        ],
        statuses: ExitStatus.ofQueues, negative: "Not deleted: the answer was no.")

    static let ifExists = Flag("if-exists", help: "Succeed if there is no such queue.")
    static let yes = Flag("yes", "y", help: "Do not ask.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let resolved = try Administration.resolve(words)
        do throws(TransportError) {
            let admin = try Administration.open(words, resolved, console)
            let isAttended = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
            if isAttended && !words.has(Self.yes), let question = try Self.question(resolved, admin) {
                guard console.confirms(question) else { return .negative("not deleted") }
            }
            try admin.delete()
        } catch {
            guard words.has(Self.ifExists), error.code == .noSuchQueue else { throw error }
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
