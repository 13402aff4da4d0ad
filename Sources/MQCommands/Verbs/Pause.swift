import MQCore

struct Pause: Verb {
    static let table = VerbTable(
        "pause", .queues, .changes, "Hold the messages of a queue back from its consumers.",
        description: [.text("Senders are not affected; mq unpause lets messages through again. Pausing a paused queue succeeds.")],
        operands: [.queue],
        sections: [VerbTable.Section("Where", [.node])],
        examples: [
            VerbTable.Example(
                "While the consumers of a channel are replaced:", "mq pause nsq:orders/billing", "mq unpause nsq:orders/billing"),
            VerbTable.Example("On one of several nsqds:", "mq pause nsqlookup://lookup1/orders/billing --node 10.0.0.7:4150"),
        ],
        statuses: ExitStatus.ofQueues)

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending { try Administration.pause(true, words, console) }
}

extension Administration {
    static func pause(_ paused: Bool, _ words: Arguments, _ console: Console) throws(TransportError) -> Ending {
        let resolved = try resolve(words)
        try resolved.require(.pause, for: "pause a queue", instead: "its consumers have to be stopped")
        try open(words, resolved, console).pause(paused)
        console.detail(paused ? "paused" : "no longer paused")
        return .success
    }
}
