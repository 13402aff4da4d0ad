internal import Glibc
internal import Synchronization

/// Users and groups by name, or by number where there is no name.
public enum Names {
    /// The C library reads a file for each question, and a listing asks about the same few people thousands of times.
    private static let known = Mutex<(users: [uid_t: String], groups: [gid_t: String])>(([:], [:]))

    /// The name of a user; the number where it has none.
    public static func user(_ id: some BinaryInteger) -> String {
        let number = uid_t(truncatingIfNeeded: id)
        return known.withLock { known in
            if let name = known.users[number] { return name }
            let name = getpwuid(number).map { String(cString: $0.pointee.pw_name) } ?? "\(number)"
            known.users[number] = name
            return name
        }
    }

    /// The name of a group; the number where it has none.
    public static func group(_ id: some BinaryInteger) -> String {
        let number = gid_t(truncatingIfNeeded: id)
        return known.withLock { known in
            if let name = known.groups[number] { return name }
            let name = getgrgid(number).map { String(cString: $0.pointee.gr_name) } ?? "\(number)"
            known.groups[number] = name
            return name
        }
    }
}
