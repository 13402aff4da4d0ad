internal import Glibc
internal import MQCore

/// The messages that a receiver handed over and that are not settled, by position: a ring, and beside it those few that are held
/// while thousands behind them are settled.
final class InFlight {
    /// A message, and the connection it came from.
    struct Entry: Equatable {
        var id: MessageID
        /// `ReceiveLink.ordinal`; 0 for a message that is settled.
        var link: UInt32
    }

    private static let settled: UInt32 = 0

    private var entries: UnsafeMutablePointer<Entry>
    private(set) var capacity: Int
    /// The oldest position that may be in the ring, and the one given next.
    private var first = 0
    private(set) var next = 0
    /// How many in the ring are not settled.
    private var held = 0
    /// Those before `first`.
    private var stragglers: [Int: Entry] = [:]

    init(capacity: Int = 1024) {
        precondition(capacity & (capacity - 1) == 0)
        self.capacity = capacity
        entries = .allocate(capacity: capacity)
    }

    deinit { entries.deallocate() }

    /// How many are not settled.
    var count: Int { held + stragglers.count }

    @inline(__always)
    private func place(_ position: Int) -> Int { position & (capacity - 1) }

    /// Notes the next message.
    @inline(__always)
    func add(_ id: MessageID, from link: UInt32) {
        if next - first == capacity { makeRoom() }
        entries[place(next)] = Entry(id: id, link: link)
        next += 1
        held += 1
    }

    /// Forgets a message; `nil` when it was not held any more.
    @inline(__always)
    func remove(_ position: Int) -> Entry? {
        guard position >= first else { return stragglers.removeValue(forKey: position) }
        guard position < next, entries[place(position)].link != Self.settled else { return nil }
        let entry = entries[place(position)]
        entries[place(position)].link = Self.settled
        held -= 1
        while first < next && entries[place(first)].link == Self.settled { first += 1 }
        return entry
    }

    /// Forgets a message by its id: nsqd has given it to another.
    func lose(_ id: MessageID, from link: UInt32) -> Bool {
        let entry = Entry(id: id, link: link)
        let place = stragglers.first { $0.value == entry }?.key ?? (first..<next).first { entries[self.place($0)] == entry }
        return place.map { remove($0) != nil } ?? false
    }

    /// Every message of a connection.
    func forEach(from link: UInt32, _ body: (MessageID) -> Void) {
        for entry in stragglers.values where entry.link == link { body(entry.id) }
        for position in first..<next where entries[place(position)].link == link { body(entries[place(position)].id) }
    }

    /// A ring that is mostly settled is held up by a few: they move out of it. Otherwise it grows.
    private func makeRoom() {
        if held < capacity / 4 {
            for position in first..<next where entries[place(position)].link != Self.settled {
                stragglers[position] = entries[place(position)]
            }
            (first, held) = (next, 0)
            return
        }
        let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
        for position in first..<next { larger[position & (capacity * 2 - 1)] = entries[place(position)] }
        entries.deallocate()
        (entries, capacity) = (larger, capacity * 2)
    }
}
