/// What happened to a connection: a sentence for people, and its parts for programs.
public struct ConnectionEvent: Sendable, Equatable {
    /// What happened.
    public enum Kind: String, Sendable {
        /// A peer is there, its handshake done.
        case connected
        /// A connection that broke stands again, or one more does.
        case restored
        /// A peer that was there has gone.
        case disconnected
        /// Nobody accepts at an endpoint yet; it is tried again.
        case absent
        /// A connection came to nothing: the other end is not what it should be.
        case failed
        /// A client was not let in.
        case refused
    }

    /// What happened.
    public let kind: Kind
    /// The endpoint that was bound or connected to, as others would write it, where that is known.
    public let endpoint: String?
    /// The address of the other end, where it has one of its own.
    public let peer: String?
    /// What the other end says it is: its type of socket.
    public let peerType: String?
    /// Why, where the sentence does not say it: how the connection broke that is restored.
    public let reason: String?
    /// Whether it is worth a line unless `-q`, and not only with `-v`.
    public let isWarning: Bool
    /// The same in words.
    public let sentence: String

    /// - Parameter sentence: whole, without a full stop.
    public init(
        _ kind: Kind, at endpoint: String?, peer: String? = nil, type peerType: String? = nil, reason: String? = nil,
        isWarning: Bool = false, _ sentence: String
    ) {
        self.kind = kind
        self.endpoint = endpoint
        self.peer = peer
        self.peerType = peerType
        self.reason = reason
        self.isWarning = isWarning
        self.sentence = sentence
    }
}
