import Glibc

/// System calls that are always wanted whole.
public enum SystemCall {
    /// Writes all of it, whatever signals come.
    /// - Returns: 0, or the error number.
    public static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> CInt {
        var rest = bytes
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) } else if errno != EINTR { return errno }
        }
        return 0
    }
}
