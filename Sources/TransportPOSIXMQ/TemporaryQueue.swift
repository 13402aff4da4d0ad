internal import CPOSIXMQ
internal import Glibc
internal import MQCore

/// A private queue: removed when nobody holds it any more, and on every way out of the program.
final class TemporaryQueue: Sendable {
    let name: String
    private let token: ExitCleanup.Token

    init() {
        let name = "/" + PrivateName.make()
        self.name = name
        token = ExitCleanup.register { _ = cposixmq_unlink(name.rawCString) }
    }

    deinit {
        _ = cposixmq_unlink(name.rawCString)
        ExitCleanup.cancel(token)
    }
}
