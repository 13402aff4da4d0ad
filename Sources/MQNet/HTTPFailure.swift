public import MQCore

/// Why there is no reply.
public struct HTTPFailure: Error, Sendable {
    /// What went wrong, as far as it matters for trying again.
    public enum Kind: Sendable {
        /// Nothing was sent: no address for the name, or nobody there.
        case unresolved, refused
        /// No answer within `HTTPRequest.timeout`, or no connection within `connectTimeout`.
        case timedOut
        /// The connection broke; whether the server acted on the request is not known.
        case broken
        /// No encryption was agreed upon, or the server is not whom it should be.
        case tls
        /// A reply that is not HTTP or is too large, a URL that is none, a fault of this machine.
        case other
    }
    /// By which a caller decides whether to try again.
    public var kind: Kind
    /// With code and words for a person, the URL's host in it.
    public var error: TransportError

    /// Whether something of the request may have reached the server.
    public var mayHaveBeenSent: Bool {
        switch kind {
        case .unresolved, .refused, .tls: false
        case .timedOut: error.code != .unreachable
        case .broken, .other: true
        }
    }

    /// A failure with its words.
    public init(_ kind: Kind, _ error: TransportError) {
        self.kind = kind
        self.error = error
    }
}
