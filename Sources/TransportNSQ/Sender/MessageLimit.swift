internal import MQCore
internal import Synchronization

/// The largest message that every nsqd takes, asked for beside the connecting.
final class MessageLimit: Sendable {
    private struct State {
        var pending: Int
        var smallest: Int?
        /// Whether somebody has waited for the answers in vain.
        var isGivenUp = false
    }

    private let state: Mutex<State>
    private let bell = Bell()

    /// How long a sender that is about to read its input waits for an answer that is on its way.
    private static let patience = Duration.milliseconds(20)

    init(_ daemons: [Daemon], resolve: [String], stop: StopFlag) {
        state = Mutex(State(pending: daemons.count))
        SideQuestion.ask(daemons, resolve: resolve, stop: stop) { [self] get in
            answered(Self.limit(get))
        }
    }

    /// nsqd's -max-msg-size, and what its -max-body-size leaves of it (an MPUB of one message adds its count and its length).
    private static func limit(_ get: (String) -> [UInt8]?) -> Int? {
        guard let message = number(get("/config/max_msg_size")) else { return nil }
        guard message > NSQSender.Limits.standardBody - 8, let body = number(get("/config/max_body_size")) else {
            return min(message, NSQSender.Limits.standardBody - 8)
        }
        return max(1, min(message, body - 8))
    }

    /// A number alone, as `/config/…` answers.
    static func number(_ body: [UInt8]?) -> Int? {
        guard let body, let number = Int(String(decoding: body, as: UTF8.self)), (1...1 << 40).contains(number) else { return nil }
        return number
    }

    private func answered(_ limit: Int?) {
        let isLast = state.withLock { state in
            state.pending -= 1
            if let limit { state.smallest = min(limit, state.smallest ?? limit) }
            return state.pending == 0
        }
        if isLast { bell.ring() }
    }

    /// `nil` when no nsqd has said it.
    func value() -> Int? {
        let mustWait = state.withLock { $0.pending > 0 && !$0.isGivenUp }
        if mustWait {
            _ = Readiness.wait(for: 1, on: bell.descriptor, until: .after(Self.patience), stop: StopFlag())
            state.withLock { $0.isGivenUp = true }
        }
        return state.withLock { $0.smallest }
    }
}
