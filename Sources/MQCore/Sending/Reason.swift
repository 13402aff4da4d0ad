/// Why a message failed, as a dead letter carries it.
public final class Reason: Sendable {
    /// In words: `exit status 3`, `no answer within 10s`.
    public let words: String
    /// An exit status, the name of a signal, or the status of a reply.
    public let status: String?
    /// The beginning of what was answered, or written to standard error.
    public let detail: [UInt8]

    /// So much of an answer is kept.
    public static let detailLimit = 256

    /// - Parameter detail: cut to `detailLimit` bytes.
    public init(_ words: String, status: String? = nil, detail: some Collection<UInt8> = []) {
        self.words = words
        self.status = status
        self.detail = Array(detail.prefix(Self.detailLimit))
    }
}
