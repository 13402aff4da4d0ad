/// What the peer's process has taken: a PONG says that everything written before its PING was.
///
/// libzmq answers in order, heartbeats configured or not, and echoes the context; at its high-water mark only once the
/// application has read on. JeroMQ and NetMQ echo too; such as answer without the context or not at all
/// give no receipts, which one probe at the beginning tells. Peers of ZMTP 3.0, which knows no PING, are not asked: some hand one to
/// their application as a message.
public struct Receipts: Sendable {
    /// How long the first answer may take, in nanoseconds.
    static let patience: UInt64 = 1_000_000_000

    /// Whether the peer gives receipts: not known before its first answer, or before that is overdue.
    public enum Trust: Sendable, Equatable { case unknown, given, none }

    /// Once `none`, what was written counts as taken.
    public private(set) var trust = Trust.unknown
    /// Messages that the peer has taken.
    public private(set) var taken: UInt64 = 0
    private var outstanding: [(serial: UInt64, messages: UInt64)] = []
    private var serial: UInt64 = 0
    private var probed: UInt64?

    /// Nothing was asked yet.
    public init() {}

    /// Of a peer that would not understand the question.
    mutating func cannotBe() { trust = .none }

    /// A receipt is under way for everything up to here.
    public var asked: UInt64 { outstanding.last?.messages ?? taken }

    /// A PING behind `messages` messages, all those written on this connection so far.
    public mutating func ask(after messages: UInt64, timeToLive: UInt16, at now: UInt64) -> Command {
        serial += 1
        if probed == nil { probed = now }
        outstanding.append((serial, messages))
        return .ping(timeToLive: timeToLive, context: Self.context(serial))
    }

    /// - Returns: whether `taken` has grown.
    mutating func answered(_ context: [UInt8]) -> Bool {
        guard let place = outstanding.firstIndex(where: { Self.context($0.serial) == context }) else {
            if trust == .unknown { trust = .none }
            return false
        }
        trust = .given
        let before = taken
        taken = max(taken, outstanding[place].messages)
        outstanding.removeFirst(place + 1)
        return taken > before
    }

    /// When a peer that has never answered is given up on; `UInt64.max` is never.
    var due: UInt64 { trust == .unknown ? probed.map { $0 + Self.patience } ?? .max : .max }

    mutating func timePassed(_ now: UInt64) {
        if now >= due { trust = .none }
    }

    private static func context(_ serial: UInt64) -> [UInt8] {
        [UInt8(ascii: "m"), UInt8(ascii: "q")] + withUnsafeBytes(of: serial.bigEndian) { Array($0) }
    }
}
