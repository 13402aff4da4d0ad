/// The request in hand, and which replies belong to it.
///
/// A number that a request carries comes back with its reply where the peer keeps to RFC 28; there a late reply can be told from the one that is
/// awaited. A peer that does not send the number back may be asked again only over a new connection, and without it, since it may be
/// this number that it cannot read.
public struct Inquiry: Sendable {
    /// What is known of whether a peer sends the number back.
    public enum Echo: Sendable, Equatable { case unknown, sends, lacks }

    /// How a reply is to be taken.
    public enum Verdict: Sendable, Equatable {
        /// It belongs to the request; its body begins behind so many frames and bytes.
        case reply(frames: Int, bytes: Int)
        /// It is late, or no reply at all.
        case stray
    }

    private let isNumbered: Bool
    /// Whether a peer may answer without an empty frame, as a DEALER's peer may.
    private let mayLackPath: Bool
    private var number: UInt32
    private var echoes: [Int: Echo] = [:]
    /// Who was asked, and whether the request in hand carries its number.
    private var peer = 0
    private var carriesNumber = false

    /// - Parameters:
    ///   - isNumbered: whether requests carry a number where the peer can read it.
    ///   - first: the number before that of the first request.
    ///   - mayLackPath: whether a reply without an empty frame is one.
    public init(isNumbered: Bool, after first: UInt32, mayLackPath: Bool = false) {
        (self.isNumbered, number, self.mayLackPath) = (isNumbered, first, mayLackPath)
    }

    /// What is known of a peer, by a number that stays the same when it connects again.
    public func echo(of peer: Int) -> Echo { echoes[peer] ?? .unknown }

    /// Begins another request: replies to the one before are late.
    public mutating func begin() { number &+= 1 }

    /// The path of the request in hand, on its way to a peer.
    public mutating func path(to peer: Int) -> ReturnPath {
        self.peer = peer
        carriesNumber = isNumbered && echo(of: peer) != .lacks
        return carriesNumber ? .numbered(number) : .plain
    }

    /// No reply came in time from the peer that was asked.
    /// - Parameter isFirst: whether every request before on this connection had its reply.
    /// - Returns: whether its connection is to be ended, because a late reply could not be told from the next.
    public mutating func giveUp(isFirst: Bool) -> Bool {
        guard isNumbered else { return false }
        if isFirst, echo(of: peer) == .sends { return false }
        echoes[peer] = .lacks
        return true
    }

    /// Looks at what came from the peer that was asked.
    /// - Parameters:
    ///   - isFirst: whether every request before on this connection had its reply.
    ///   - frames: the lengths of the frames of what came, and its bytes.
    public mutating func judge(isFirst: Bool, frames: [Int], _ bytes: UnsafeRawBufferPointer) -> Verdict {
        guard let end = ReturnPath.end(in: frames) else {
            return mayLackPath && !carriesNumber ? .reply(frames: 0, bytes: 0) : .stray
        }
        if end.frames == 1 {
            guard carriesNumber else { return .reply(frames: 1, bytes: 0) }
            // Of those that go without a number, only the first can be told from others.
            guard isFirst else { return .stray }
            echoes[peer] = .lacks
            return .reply(frames: 1, bytes: 0)
        }
        guard carriesNumber, end.frames == 2, end.bytes == 4,
            UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)) == number
        else { return .stray }
        echoes[peer] = .sends
        return .reply(frames: end.frames, bytes: end.bytes)
    }
}
