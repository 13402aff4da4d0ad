import MQCore
import MQNet

/// When a worker wants to be asked again: the header `Retry-After` (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// The longest wait that is believed: twelve hours, which is what SQS can hold a message back for.
    static let limit = Duration.seconds(12 * 3600)

    /// - Parameters:
    ///   - text: seconds, or a date in any of HTTP's three forms.
    ///   - now: seconds since 1970.
    /// - Returns: the time from now on, at least none and at most `limit`; `nil` for what is neither.
    static func delay(_ text: String, now: Int64) -> Duration? {
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return min(.seconds(Int64(text) ?? .max), limit)
        }
        guard let time = HTTPDate.seconds(text, now: now) else { return nil }
        return min(max(.seconds(time - now), .zero), limit)
    }
}
