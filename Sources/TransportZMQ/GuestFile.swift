import MQCore
import Synchronization

/// The clients that are let in, from a file that may be read again. Asked by the authentication handler's thread, too.
final class GuestFile: Sendable {
    /// The option that names the file.
    enum Kind: String {
        /// CURVE: public keys in Z85.
        case keys = "allow-keys"
        /// PLAIN: users and their passwords.
        case users = "plain-users"
    }

    let kind: Kind
    private let path: String
    /// Passwords by user; empty ones by key.
    private let guests: Mutex<[String: String]>

    /// - Throws: `configuration` or `permission` for a file that cannot be read or used.
    init(_ kind: Kind, in path: String) throws(TransportError) {
        (self.kind, self.path) = (kind, path)
        guests = Mutex(try Self.read(kind, path))
    }

    private static func read(_ kind: Kind, _ path: String) throws(TransportError) -> [String: String] {
        switch kind {
        case .keys: Dictionary(uniqueKeysWithValues: try KeyFile.publicKeys(in: path).map { ($0, "") })
        case .users: try KeyFile.users(in: path)
        }
    }

    func holds(_ key: String) -> Bool { guests.withLock { $0[key] != nil } }
    func password(of user: String) -> String? { guests.withLock { $0[user] } }

    /// Is read again with the other files of the program.
    func joins(_ opening: Opening) {
        opening.rereadings?.add { [weak self, notices = opening.notices] in self?.readAgain(notices) }
    }

    /// Takes what the file holds now; what was read before still holds when that cannot be used.
    private func readAgain(_ notices: Notices) {
        do throws(TransportError) {
            let fresh = try Self.read(kind, path)
            let before = guests.withLock { guests in
                defer { guests = fresh }
                return guests
            }
            let added = fresh.keys.count { before[$0] == nil }
            let removed = before.keys.count { fresh[$0] == nil }
            let changed = fresh.count { before[$0.key].map { [word = $0.value] in $0 != word } == true }
            let others = changed > 0 ? ", \(changed) with another password" : ""
            notices(
                .note(
                    "\(kind.rawValue) read again: \(Quantity.count(fresh.count, kind == .keys ? "key" : "user")), \(added) added, "
                        + "\(removed) removed\(others)"))
        } catch {
            notices.warn("\(error.sentence): the \(kind) read before still hold")
        }
    }
}
