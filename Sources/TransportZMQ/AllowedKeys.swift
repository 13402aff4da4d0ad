import MQCore
import Synchronization

/// The public keys of the clients that are let in, from a file that may be read again. Asked by the authentication handler's thread.
final class AllowedKeys: Sendable {
    private let path: String
    private let keys: Mutex<Set<String>>

    /// - Throws: `configuration` or `permission` for a file that cannot be read or used.
    init(in path: String) throws(TransportError) {
        self.path = path
        keys = Mutex(try KeyFile.publicKeys(in: path))
    }

    func holds(_ key: String) -> Bool { keys.withLock { $0.contains(key) } }

    /// Takes what the file holds now; what was read before still holds when that cannot be used.
    func readAgain(_ notices: Notices) {
        do throws(TransportError) {
            let fresh = try KeyFile.publicKeys(in: path)
            let (added, removed) = keys.withLock { keys in
                defer { keys = fresh }
                return (fresh.subtracting(keys).count, keys.subtracting(fresh).count)
            }
            notices(.note("allow-keys read again: \(Quantity.count(fresh.count, "key")), \(added) added, \(removed) removed"))
        } catch {
            notices.warn("\(error.sentence): the keys read before still hold")
        }
    }
}
