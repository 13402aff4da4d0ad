import MQCore

/// Messages that are to be tried again and that their queue cannot take back: kept here until their time has come.
struct HeldMessages {
    private struct Waiting {
        var parcel: Parcel
        var due: UInt64
    }

    /// By the moment at which they are due; each has a parcel of its own.
    private var waiting: [Waiting] = []
    /// Those that are being tried again, by position.
    private var running: [Int: Parcel] = [:]

    /// Those that wait for their time.
    var count: Int { waiting.count }
    var hasRunning: Bool { !running.isEmpty }
    /// When the next is to be tried.
    var due: Deadline { waiting.first.map { Deadline(nanoseconds: $0.due) } ?? .never }

    /// - Parameter due: by the monotonic clock.
    mutating func hold(_ parcel: Parcel, until due: UInt64) {
        running[parcel.first] = nil
        let place = waiting.lastIndex { $0.due <= due }.map { $0 + 1 } ?? 0
        waiting.insert(Waiting(parcel: parcel, due: due), at: place)
    }

    /// The next whose time has come; it counts as running.
    mutating func next(now: UInt64) -> Parcel? {
        guard let first = waiting.first, now >= first.due else { return nil }
        waiting.removeFirst()
        running[first.parcel.first] = first.parcel
        return first.parcel
    }

    /// Takes back what could not begin after all: it is the next again.
    mutating func putBack(_ parcel: Parcel) {
        running[parcel.first] = nil
        waiting.insert(Waiting(parcel: parcel, due: 0), at: 0)
    }

    func running(at position: Int) -> Parcel? { running.isEmpty ? nil : running[position] }

    /// Those that are being tried again, in the order in which they were received.
    var allRunning: [Parcel] { running.isEmpty ? [] : running.values.sorted { $0.first < $1.first } }

    /// Forgets one that was dealt with.
    mutating func release(_ parcel: Parcel) { running[parcel.first] = nil }

    /// Everything that waits, in the order in which it was received.
    mutating func takeWaiting() -> [Parcel] {
        defer { waiting = [] }
        return waiting.map(\.parcel).sorted { $0.first < $1.first }
    }
}
