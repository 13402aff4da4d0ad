/// The socket types of ZMTP (RFC 28, 29, 30, 31).
public enum Role: String, CaseIterable, Sendable {
    case push, pull, pub, sub, xpub, xsub, pair, req, rep, dealer, router

    /// As `Socket-Type` says it; one case only, which libzmq compares byte by byte.
    public var name: String { rawValue.uppercased() }

    /// Whom it talks to.
    public var peers: [Role] {
        switch self {
        case .push: [.pull]
        case .pull: [.push]
        case .pub, .xpub: [.sub, .xsub]
        case .sub, .xsub: [.pub, .xpub]
        case .pair: [.pair]
        case .req: [.rep, .router]
        case .rep: [.req, .dealer]
        case .dealer: [.rep, .dealer, .router]
        case .router: [.req, .dealer, .router]
        }
    }

    /// Whether it sends each message to all that subscribed to it.
    public var publishes: Bool { self == .pub || self == .xpub }
    /// Whether it says what it wants to receive.
    public var subscribes: Bool { self == .sub || self == .xsub }
    /// Those whose READY carries `Identity`, even an empty one.
    public var hasIdentity: Bool { self == .req || self == .dealer || self == .router }
}
