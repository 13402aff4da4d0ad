internal import Glibc
internal import MQCore

/// Keys that sign requests. Never printed: the description tells where they came from and nothing else.
struct Credentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var accessKey: String
    var secretKey: String
    var sessionToken: String?
    /// Seconds since 1970; `nil` for keys that do not expire.
    var expiry: Int64?
    /// Where they were found, in words.
    var source: String

    var description: String { "credentials from \(source)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["source": source]) }

    /// They are renewed so long before they expire: a request may wait to be sent, and clocks differ.
    static let margin: Int64 = 300

    func expires(within seconds: Int64, at now: Int64) -> Bool { expiry.map { $0 - seconds <= now } ?? false }
}
