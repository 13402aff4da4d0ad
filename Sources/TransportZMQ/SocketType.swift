import CZMQ
import MQCore

/// The socket types of ZeroMQ, by the words of an address.
enum SocketType: String, CaseIterable, Sendable {
    case push, pull, pub, sub, xpub, xsub, pair, req, rep, dealer, router
    /// Raw TCP, which only libzmq has.
    case stream

    /// Those that `send` and `recv` take.
    static let sending: [SocketType] = [.push, .pub, .xpub, .xsub, .pair, .dealer, .router, .stream]
    static let receiving: [SocketType] = [.pull, .sub, .xsub, .xpub, .pair, .dealer, .router, .stream]
    /// Those that `request` and `serve` take.
    static let requesting: [SocketType] = [.req, .dealer]
    static let replying: [SocketType] = [.rep, .router]

    /// What libzmq is asked for. A publisher is an XPUB inside: it learns of its subscribers, and can be asked not to drop.
    var number: CInt {
        switch self {
        case .push: ZMQ_PUSH
        case .pull: ZMQ_PULL
        case .pub, .xpub: ZMQ_XPUB
        case .sub: ZMQ_SUB
        case .xsub: ZMQ_XSUB
        case .pair: ZMQ_PAIR
        case .req: ZMQ_REQ
        case .rep: ZMQ_REP
        case .dealer: ZMQ_DEALER
        case .router: ZMQ_ROUTER
        case .stream: ZMQ_STREAM
        }
    }

    /// What an address of this type opens in libzmq. Who makes or answers requests wants to see the frames in front of their bodies.
    var inner: SocketType {
        switch self {
        case .req: .dealer
        case .rep: .router
        default: self
        }
    }

    var publishes: Bool { self == .pub || self == .xpub }
    var subscribes: Bool { self == .sub || self == .xsub }
    /// Whether the first frame of each message is the name of a peer.
    var namesPeers: Bool { self == .router || self == .stream }
    /// Whether each message goes to every peer that wants it.
    var sendsToAll: Bool { publishes || self == .xsub }

    /// Whether messages that were taken ahead are lost at the end, where their senders do not keep them.
    var takesAhead: Bool { [.pull, .dealer, .router].contains(self) }

    /// What stands at the other end, for sentences.
    var peers: String {
        switch self {
        case .push: "PULL"
        case .pull: "PUSH"
        case .pub, .xpub: "SUB"
        case .sub, .xsub: "PUB"
        case .pair: "PAIR"
        case .req: "REP"
        case .rep: "REQ"
        case .dealer: "ROUTER"
        case .router: "DEALER"
        case .stream: "TCP"
        }
    }

    /// The types of the two ends of a stream, whichever of them this is.
    var opposites: (sends: SocketType, receives: SocketType) {
        get throws(TransportError) {
            switch self {
            case .push, .pull: (.push, .pull)
            case .pub, .sub: (.pub, .sub)
            case .xpub, .xsub: (.xpub, .xsub)
            case .pair: (.pair, .pair)
            case .dealer: (.dealer, .dealer)
            case .req, .rep: throw misfit("mq request measures round trips, with mq serve at the other end")
            case .router: throw misfit("zmq:dealer:... is one between two dealers")
            case .stream: throw misfit(nil)
            }
        }
    }

    private func misfit(_ hint: String?) -> TransportError {
        TransportError(.usage, "a \(rawValue) socket has no stream of messages of its own", hint: hint)
    }

    /// - Throws: `usage`, naming the types of the verb.
    func check(for verb: String, _ allowed: [SocketType]) throws(TransportError) {
        if allowed.contains(self) { return }
        let list = allowed.map(\.rawValue).joined(separator: ", ")
        var hint: String?
        switch self {
        case .pull, .sub: hint = "a \(rawValue) socket receives"
        case .push, .pub: hint = "a \(rawValue) socket sends"
        case .req: hint = "a \(rawValue) socket makes requests"
        case .rep: hint = "a \(rawValue) socket answers requests"
        case .xpub, .xsub, .pair, .dealer, .router, .stream: hint = "a \(rawValue) socket sends and receives"
        }
        let deed = ["recv": "receive", "request": "make requests", "serve": "answer requests"][verb] ?? verb
        throw TransportError(.usage, "a \(rawValue) socket cannot \(deed); \(verb) takes \(list)", hint: hint)
    }
}
