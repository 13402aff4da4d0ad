extension Session {
    /// The security of a connection (RFC 23 for NULL, RFC 24 for PLAIN).
    public enum Mechanism: Sendable {
        case null
        case plainClient(user: [UInt8], password: [UInt8])
        case plainServer(admits: @Sendable (_ user: [UInt8], _ password: [UInt8]) -> Bool)

        /// As a greeting says it.
        public var name: String {
            if case .null = self { "NULL" } else { "PLAIN" }
        }
        var isServer: Bool {
            if case .plainServer = self { true } else { false }
        }
    }

    /// How our end of a connection behaves.
    public struct Settings: Sendable {
        /// The type of our socket.
        public var role: Role
        /// The peer must have the same.
        public var mechanism = Mechanism.null
        /// The name that we give ourselves, 255 bytes at most; empty is none.
        public var identity: [UInt8] = []
        /// Whether our end says at its end how many messages it has kept, and keeps count of those that the peer says so of.
        public var countsKept = false
        /// Whether a publisher's owner takes what its subscribers say as messages, as an XPUB's does; otherwise only subscriptions are heard.
        public var handsMessagesOver = false
        /// Nanoseconds from the connection to READY; `nil` is no bound.
        public var handshake: UInt64? = 30_000_000_000
        /// Our heartbeats.
        public var liveness = Liveness.Settings()

        /// No security, no identity, no heartbeats.
        public init(_ role: Role) { self.role = role }
    }

    /// Who is at the other end.
    public struct Peer: Sendable, Equatable {
        /// The type of its socket; `nil` where it did not say.
        public var role: Role?
        /// The greeting's minor version.
        public var minor: UInt8
        /// The name that it gives itself; empty is none.
        public var identity: [UInt8]
        /// Whether it is an `mq`, which says at its end how many messages it has kept.
        public var countsKept: Bool

        /// A peer as it introduced itself.
        public init(role: Role?, minor: UInt8, identity: [UInt8] = [], countsKept: Bool = false) {
            (self.role, self.minor, self.identity, self.countsKept) = (role, minor, identity, countsKept)
        }
    }

    /// What the owner of the connection is to do, in this order.
    public enum Action: Sendable, Equatable {
        /// Write these bytes, behind everything before.
        case send([UInt8])
        /// The handshake is done: messages may be sent.
        case ready(Peer)
        /// The peer wants messages that begin with these bytes.
        case subscribe([UInt8])
        /// It no longer does.
        case cancel([UInt8])
        /// An answer to a PING. Unsent, it is replaced by the next: the peer wants to hear of the newest.
        case pong([UInt8])
        /// So many messages were taken by the peer's process, of those sent on this connection.
        case receipt(UInt64)
        /// The peer has kept so many messages of all it was sent, and leaves.
        case kept(UInt64)
        /// Close the connection, after the failure's farewell.
        case failed(Failure)
    }
}
