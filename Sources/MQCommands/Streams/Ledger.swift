import MQCore

/// Which input record stands behind each message that is not confirmed yet, so that a broken stream can say where to resume.
///
/// Stays empty with a transport that confirms at once.
struct Ledger {
    struct Entry: Equatable {
        /// The number of the record in the input, from 1.
        var record: Int
        /// Where it begins, in bytes from the start of the input.
        var offset: Int
    }

    private var entries: [Entry] = []
    private var head = 0
    /// The position, in order of sending from 0, of `entries[head]`.
    private(set) var base = 0

    /// Messages handed to the sender so far.
    var accepted: Int { base + entries.count - head }

    /// Counts messages that are accepted and confirmed, when nothing is outstanding.
    mutating func passed(_ count: Int) {
        precondition(entries.count == head)
        base += count
    }

    mutating func append(_ entry: Entry) { entries.append(entry) }

    /// Forgets everything before `position`.
    mutating func confirm(upTo position: Int) {
        let steps = min(max(0, position - base), entries.count - head)
        head += steps
        base += steps
        if head == entries.count || head > 1 << 16 {
            entries.removeFirst(head)
            head = 0
        }
    }

    var hasOutstanding: Bool { head < entries.count }
    /// The first message that is not confirmed.
    var first: Entry? { hasOutstanding ? entries[head] : nil }

    subscript(position: Int) -> Entry? {
        let index = head + position - base
        return position >= base && index < entries.count ? entries[index] : nil
    }
}
