import Glibc

/// The name that this host gives itself.
public enum HostName {
    /// `nil` where the system does not tell it.
    public static var current: String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard gethostname(buffer.baseAddress!, 255) == 0 else { return nil }
            // A longer name is cut without its NUL.
            buffer[255] = 0
            return String(rawCString: buffer.baseAddress!)
        }
    }
}
