import CSysV
import Glibc
import MQCore
import Synchronization

/// A private queue, made at the first use and removed when the last owner goes or the program ends.
final class SysVTemporary: Sendable {
    private let settings: SysVSettings
    private let made = Mutex<(id: CInt, token: ExitCleanup.Token)?>(nil)

    init(settings: SysVSettings) { self.settings = settings }

    deinit {
        guard let (id, token) = made.withLock({ $0 }) else { return }
        ExitCleanup.cancel(token)
        _ = csysv_remove(id)
    }

    var isMade: Bool { made.withLock { $0 != nil } }

    func identifier() throws(TransportError) -> CInt {
        try made.withLock { made throws(TransportError) in
            if let made { return made.id }
            let id = try SysVTransport.make(key: 0, exclusive: true, settings)
            made = (id, ExitCleanup.register { _ = csysv_remove(id) })
            return id
        }
    }
}
