import MQCore

/// Which input record stands behind each message that is not confirmed yet, so that a broken stream can say where to resume.
///
/// Stays empty with a transport that confirms at once. With one that confirms late or only at the end it keeps every
/// message of the first `capacity`, then every second of twice as many, and so on: what it names is the record itself
/// or one a little before, so that resuming there may send a few again and leaves none out.
struct Ledger {
    struct Entry: Equatable {
        /// The number of the record in the input, from 1.
        var record: Int
        /// Where it begins, in bytes from the start of the input.
        var offset: Int
    }

    static let capacity = 1 << 14

    private var entries: [(position: Int, entry: Entry)] = []
    private var head = 0
    private var stride = 1
    /// Messages confirmed so far.
    private(set) var base = 0
    /// Messages handed to the sender so far.
    private(set) var accepted = 0

    var hasOutstanding: Bool { accepted > base }

    /// Counts messages that are accepted and confirmed, when nothing is outstanding.
    mutating func passed(_ count: Int) {
        precondition(!hasOutstanding)
        accepted += count
        base = accepted
    }

    /// Counts messages that are accepted; `place` tells of one of them, from 0, which record it was.
    mutating func append(_ count: Int, place: (Int) -> Entry) {
        var position = (accepted + stride - 1) / stride * stride
        if entries.count == head { position = accepted }
        while position < accepted + count {
            entries.append((position, place(position - accepted)))
            if entries.count - head > Self.capacity { thin() }
            position = (position / stride + 1) * stride
        }
        accepted += count
    }

    /// Keeps the first entry and every second of the others.
    private mutating func thin() {
        stride *= 2
        let first = entries[head].position
        entries = entries[head...].filter { $0.position == first || $0.position % stride == 0 }
        head = 0
    }

    /// Forgets everything before `position`.
    mutating func confirm(upTo position: Int) {
        base = max(base, min(position, accepted))
        while head + 1 < entries.count && entries[head + 1].position <= base { head += 1 }
        if !hasOutstanding { head = entries.count }
        if head > 0 && (head == entries.count || head > Self.capacity) {
            entries.removeFirst(head)
            head = 0
        }
        if entries.isEmpty { stride = 1 }
    }

    /// The first message that is not confirmed, or one a little before it.
    var first: Entry? { hasOutstanding && head < entries.count ? entries[head].entry : nil }

    /// The record behind a message that is not confirmed, where it is still known exactly.
    subscript(position: Int) -> Entry? { entries[head...].first { $0.position == position }?.entry }
}
