import Glibc

/// Moments in nanoseconds since 1970, as text.
public enum Timestamp {
    /// RFC 3339 in UTC with nine digits: a number would lose precision in most readers of JSON.
    public static func text(_ nanoseconds: Int64) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var rest = nanoseconds % 1_000_000_000
        if rest < 0 { (seconds, rest) = (seconds - 1, rest + 1_000_000_000) }
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let fraction = String(rest)
        return format("%Y-%m-%dT%H:%M:%S", parts) + "." + String(repeating: "0", count: 9 - fraction.count) + fraction + "Z"
    }

    /// strftime(3) in local time, with `%N` for the nanoseconds.
    public static func formatted(_ nanoseconds: Int64, _ pattern: String) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let fraction = String(nanoseconds % 1_000_000_000)
        let digits = String(repeating: "0", count: 9 - fraction.count) + fraction
        let pieces = pattern.split(separator: "%N", omittingEmptySubsequences: false)
        return pieces.map { $0.isEmpty ? "" : format(String($0), parts) }.joined(separator: digits)
    }

    private static func format(_ pattern: String, _ parts: tm) -> String {
        var parts = parts
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: pattern.utf8.count * 16 + 64) { buffer in
            let length = strftime(buffer.baseAddress!, buffer.count, pattern, &parts)
            return String(decoding: UnsafeRawBufferPointer(start: buffer.baseAddress!, count: length), as: UTF8.self)
        }
    }
}
