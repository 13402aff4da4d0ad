internal import MQCore

/// The messages a receiver has and has not settled, by numbers that only grow.
struct HeldMessages {
    struct Message {
        var handle: [UInt8]
        /// The monotonic moment at which it came.
        var since: UInt64
        /// It was acknowledged or put back, and the service is being told.
        var isLeaving = false
    }

    private var slots: [Message?] = []
    private var head = 0
    /// The number of the slot at `head`.
    private var first = 0
    /// What is kept visible to nobody else, in the order in which it is due.
    private var beats: [(due: UInt64, numbers: [Int])] = []

    private(set) var count = 0
    /// All there ever were: the number of the next.
    var total: Int { first + slots.count - head }

    mutating func add(_ handle: [UInt8], at now: UInt64) -> Int {
        slots.append(Message(handle: handle, since: now))
        count += 1
        return total - 1
    }

    subscript(number: Int) -> Message? {
        get {
            let index = head + number - first
            return index >= head && index < slots.count ? slots[index] : nil
        }
        set {
            let index = head + number - first
            guard index >= head, index < slots.count, slots[index] != nil else { return }
            slots[index] = newValue
            if newValue == nil {
                count -= 1
                trim()
            }
        }
    }

    /// Marks a message as on its way out; false when it is not held, or leaving already.
    mutating func leave(_ number: Int) -> Bool {
        let index = head + number - first
        guard index >= head, index < slots.count, slots[index] != nil, !slots[index]!.isLeaving else { return false }
        slots[index]!.isLeaving = true
        return true
    }

    private mutating func trim() {
        while head < slots.count && slots[head] == nil {
            head += 1
            first += 1
        }
        guard head > 1024 || head == slots.count else { return }
        slots.removeFirst(head)
        head = 0
    }

    /// Those that are held and not leaving.
    var staying: [Int] {
        (head..<slots.count).compactMap { slots[$0].map { !$0.isLeaving } ?? false ? first + $0 - head : nil }
    }

    // MARK: - Keeping them

    /// Notes that `numbers` must be extended at `due`.
    mutating func keep(_ numbers: [Int], due: UInt64) {
        let place = beats.lastIndex { $0.due <= due }.map { $0 + 1 } ?? 0
        beats.insert((due, numbers), at: place)
    }

    /// When the next extension is due; beats whose messages are all gone do not count.
    mutating func nextBeat() -> UInt64? {
        while let beat = beats.first {
            if beat.numbers.contains(where: { stays($0) }) { return beat.due }
            beats.removeFirst()
        }
        return nil
    }

    /// Those whose extension is due and that are still held.
    mutating func takeBeat(at now: UInt64) -> [Int] {
        guard let beat = beats.first, beat.due <= now else { return [] }
        beats.removeFirst()
        return beat.numbers.filter { stays($0) }
    }

    private func stays(_ number: Int) -> Bool { self[number].map { !$0.isLeaving } ?? false }
}
