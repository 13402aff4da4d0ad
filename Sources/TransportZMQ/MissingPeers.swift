import MQCore

/// Peers that messages of a ROUTER name and that are not there: each is waited for once.
struct MissingPeers {
    private var awaited: (name: [UInt8], until: Deadline)?
    private var missed: Set<[UInt8]> = []

    /// How long a message waits for the peer that it names.
    static let patience = Duration.seconds(1)

    /// Whether a peer that is not there has been waited for long enough.
    mutating func isMissed(_ name: [UInt8]) -> Bool {
        if missed.contains(name) { return true }
        guard let awaited, awaited.name == name else {
            awaited = (name, .after(Self.patience))
            return false
        }
        guard awaited.until.hasPassed else { return false }
        missed.insert(name)
        self.awaited = nil
        return true
    }

    /// A peer is there.
    mutating func came(_ name: [UInt8]) {
        if !missed.isEmpty { missed.remove(name) }
        if awaited?.name == name { awaited = nil }
    }

    /// Until when the one that is waited for may come.
    var due: Deadline { awaited?.until ?? .never }
    /// Who is waited for.
    var obstacle: TransportError? { awaited.map { Self.error($0.name) } }

    /// Why a message to that peer cannot go.
    static func error(_ name: [UInt8]) -> TransportError {
        TransportError(
            .unreachable, "no peer is called '\(String(printing: name))'", hint: "a peer has the name that its option identity gives it")
    }
}
