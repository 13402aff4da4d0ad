internal import Glibc
internal import MQCore
internal import Synchronization

/// The queue of `sqs:temp`: made when it is first used, deleted with the last endpoint of it or when the process leaves.
final class TemporaryQueue: Sendable {
    let name = "mq-temp-\(getpid())-\(String(UInt32.random(in: 0 ... .max), radix: 36))"
    private let made = Mutex<(settings: Settings, token: ExitCleanup.Token)?>(nil)

    /// Removing it must not keep a process from ending for longer.
    private static let patience = Duration.seconds(5)

    deinit { remove() }

    /// Makes the queue, once.
    /// - Parameter settings: those of this queue.
    /// - Throws: `cannotCreate`, `permission`, `unreachable`.
    func make(_ settings: Settings, _ opening: Opening) throws(TransportError) {
        guard made.withLock({ $0 == nil }) else { return }
        _ = try SQSAdmin(settings, opening).create(exclusive: false)
        let token = ExitCleanup.register { [weak self] in self?.remove() }
        made.withLock { $0 = (settings, token) }
        opening.notices(.listening("sqs:\(name)\(settings.options.text)"))
    }

    private func remove() {
        guard let (settings, token) = made.withLock({ $0.take() }) else { return }
        ExitCleanup.cancel(token)
        var opening = Opening(stop: StopFlag())
        opening.deadline = .after(Self.patience)
        try? SQSAdmin(settings, opening).delete()
    }
}
