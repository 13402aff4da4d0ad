import Glibc

/// The system's words for an error number: never a number without its words.
public enum SystemError {
    /// strerror(3) with a small first letter, to stand within a sentence.
    public static func words(_ number: CInt) -> String {
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard strerror_r(number, buffer.baseAddress!, buffer.count) == 0 else { return "" }
            return String(cString: buffer.baseAddress!)
        }
        return text.isEmpty ? "error \(number)" : text.prefix(1).lowercased() + text.dropFirst()
    }
}
