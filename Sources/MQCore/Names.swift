internal import Glibc

/// Users and groups by name, or by number where there is no name.
public enum Names {
    public static func user(_ id: some BinaryInteger) -> String {
        getpwuid(uid_t(truncatingIfNeeded: id)).map { String(cString: $0.pointee.pw_name) } ?? "\(id)"
    }

    public static func group(_ id: some BinaryInteger) -> String {
        getgrgid(gid_t(truncatingIfNeeded: id)).map { String(cString: $0.pointee.gr_name) } ?? "\(id)"
    }
}
