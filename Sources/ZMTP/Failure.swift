/// Why a connection cannot go on.
public struct Failure: Sendable, Equatable, Error {
    /// By which an owner decides whether to dial again, and what to say.
    public enum Kind: Sendable, Equatable {
        /// No ZMTP 3.
        case foreign(ForeignPeer)
        /// Another security mechanism.
        case mechanism
        /// A socket type that does not match.
        case type
        /// Refused by the peer, or by us: authentication or a filter.
        case refused
        /// Against the protocol.
        case malformed
        /// Nothing came for too long.
        case silent
        /// Gone before the handshake was done.
        case closed
    }

    /// What went wrong.
    public var kind: Kind
    /// To be read after "the peer at …".
    public var sentence: String
    /// What is still to be sent before closing.
    public var farewell: [UInt8]

    /// - Parameter farewell: the frame to send before closing, if any.
    public init(_ kind: Kind, _ sentence: String, farewell: [UInt8] = []) {
        (self.kind, self.sentence, self.farewell) = (kind, sentence, farewell)
    }

    /// Whether trying again cannot help, as long as both ends are what they are.
    public var isFinal: Bool {
        switch kind {
        case .mechanism, .type, .refused: true
        case .foreign, .malformed, .silent, .closed: false
        }
    }
}
