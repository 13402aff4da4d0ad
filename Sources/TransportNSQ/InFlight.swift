internal import Glibc
internal import MQCore

/// The messages of one connection that were handed over and are not settled: a ring, found by serial number.
struct InFlight: ~Copyable {
    private enum State {
        static let settled: UInt8 = 0
        static let held: UInt8 = 1
    }

    private var ids: UnsafeMutablePointer<MessageID>
    private var states: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// The oldest serial that may be held, and the one given next.
    private var first: UInt64 = 0
    private var next: UInt64 = 0
    /// How many are held.
    private(set) var count = 0

    init(capacity: Int = 1024) {
        precondition(capacity & (capacity - 1) == 0)
        self.capacity = capacity
        ids = .allocate(capacity: capacity)
        states = .allocate(capacity: capacity)
    }

    deinit {
        ids.deallocate()
        states.deallocate()
    }

    @inline(__always)
    private func place(_ serial: UInt64) -> Int { Int(truncatingIfNeeded: serial) & (capacity - 1) }

    /// Notes a message; its serial number is how it is found again.
    @inline(__always)
    mutating func add(_ id: MessageID) -> UInt64 {
        if next - first == UInt64(capacity) { grow() }
        let serial = next
        ids[place(serial)] = id
        states[place(serial)] = State.held
        next += 1
        count += 1
        return serial
    }

    /// Forgets a message; `nil` when it was not held any more.
    @inline(__always)
    mutating func remove(_ serial: UInt64) -> MessageID? {
        guard serial >= first, serial < next, states[place(serial)] == State.held else { return nil }
        states[place(serial)] = State.settled
        count -= 1
        while first < next && states[place(first)] == State.settled { first += 1 }
        return ids[place(serial)]
    }

    /// Forgets a message by its id: nsqd has given it to another.
    mutating func lose(_ id: MessageID) -> Bool {
        guard let serial = (first..<next).first(where: { states[place($0)] == State.held && ids[place($0)] == id }) else { return false }
        return remove(serial) != nil
    }

    func forEach(_ body: (MessageID) -> Void) {
        for serial in first..<next where states[place(serial)] == State.held { body(ids[place(serial)]) }
    }

    private mutating func grow() {
        let larger = capacity * 2
        let freshIDs = UnsafeMutablePointer<MessageID>.allocate(capacity: larger)
        let freshStates = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        for serial in first..<next {
            let place = Int(truncatingIfNeeded: serial) & (larger - 1)
            freshIDs[place] = ids[self.place(serial)]
            freshStates[place] = states[self.place(serial)]
        }
        ids.deallocate()
        states.deallocate()
        (ids, states, capacity) = (freshIDs, freshStates, larger)
    }
}

/// By which a message is settled: the connection it came from, and its number there. Connections are counted and never reused.
struct Receipt {
    private static let serialBits: UInt64 = 40
    let bits: UInt64

    init(link: UInt64, serial: UInt64) { bits = link << Self.serialBits | serial & (1 << Self.serialBits - 1) }

    /// `nil` for bytes that are no receipt of nsq.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == 8 else { return nil }
        bits = bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    }

    var link: UInt64 { bits >> Self.serialBits }
    var serial: UInt64 { bits & (1 << Self.serialBits - 1) }
}
