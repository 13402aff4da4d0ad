import Glibc

/// Moments in nanoseconds since 1970, as text.
public enum Timestamp {
    /// RFC 3339 in UTC with nine digits: a number would lose precision in most readers of JSON.
    public static func text(_ nanoseconds: Int64) -> String {
        var (seconds, digits) = divided(nanoseconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return format("%Y-%m-%dT%H:%M:%S", parts) + ".\(digits)Z"
    }

    /// strftime(3) in local time, with `%N` for the nanoseconds.
    public static func formatted(_ nanoseconds: Int64, _ pattern: String) -> String {
        var (seconds, digits) = divided(nanoseconds)
        var parts = tm()
        localtime_r(&seconds, &parts)
        // A field is a % and a letter; looking for "%N" alone would find it in "%%N" too.
        var expanded: [UInt8] = []
        var rest = Array(pattern.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.first == UInt8(ascii: "N") {
                expanded += digits.utf8
            } else {
                expanded.append(byte)
            }
            if byte == UInt8(ascii: "%"), let letter = rest.popFirst(), letter != UInt8(ascii: "N") { expanded.append(letter) }
        }
        return format(String(decoding: expanded, as: UTF8.self), parts)
    }

    /// Whole seconds, rounded down, and the rest as nine digits.
    private static func divided(_ nanoseconds: Int64) -> (time_t, digits: String) {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let fraction = rest < 0 ? rest + 1_000_000_000 : rest
        return (time_t(rest < 0 ? seconds - 1 : seconds), String(fraction).zeroPadded(to: 9))
    }

    private static func format(_ pattern: String, _ parts: tm) -> String {
        var parts = parts
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: pattern.utf8.count * 16 + 64) { buffer in
            let length = strftime(buffer.baseAddress!, buffer.count, pattern, &parts)
            return String(decoding: UnsafeRawBufferPointer(start: buffer.baseAddress!, count: length), as: UTF8.self)
        }
    }
}
