import Glibc
import MQCore
import Synchronization

/// One queue, shared by every endpoint of the process that names it.
final class MemoryQueue: Sendable {
    struct Bounds: Sendable, Equatable {
        var depth: Int
        var bytes: Int
        var largestMessage: Int?
    }

    /// What a receiver found.
    enum Found {
        case taken
        /// Nothing is ready; a message held back becomes so at this moment.
        case empty(nextDue: Deadline)
        /// Nothing is there, and the last sender has gone.
        case ended
        case removed
    }

    /// What became of an attempt to send.
    enum Pushed {
        case accepted(Int)
        case full
        case removed
    }

    private struct State {
        var ready: [MemorySegment] = []
        /// Segments before this one were taken; cut off now and then instead of shifting the rest each time.
        var head = 0
        var heldBack: [(due: UInt64, segment: MemorySegment)] = []
        var messages = 0
        var bytes = 0
        var waiting: [Bell] = []
        var isRemoved = false
        var senders = 0
        var hadSender = false
        var accepted = 0
    }

    let name: String
    let bounds: Bounds
    private let state = Mutex(State())

    init(name: String, bounds: Bounds) {
        self.name = name
        self.bounds = bounds
    }

    var status: (messages: Int, bytes: Int, heldBack: Int, accepted: Int, senders: Int) {
        state.withLock { ($0.messages, $0.bytes, $0.heldBack.reduce(0) { $0 + $1.segment.range.count }, $0.accepted, $0.senders) }
    }

    // MARK: Sending

    func addSender() {
        state.withLock { state in
            state.senders += 1
            state.hadSender = true
        }
    }

    func removeSender() {
        state.withLock { state in
            state.senders -= 1
            if state.senders == 0 { Self.wakeAll(&state) }
        }
    }

    /// Puts as much of `segment` into the queue as there is room for.
    /// - Parameter bell: rung when there may be room again, if there is none now.
    func push(_ segment: MemorySegment, bell: Bell?) -> Pushed {
        state.withLock { state in
            if state.isRemoved { return .removed }
            var room = bounds.depth - state.messages
            if room > 0 && state.messages > 0 {
                let (start, stop) = (segment.range.lowerBound, segment.range.upperBound)
                let free = bounds.bytes - state.bytes
                let end = segment.chunk.end(from: start, to: stop, byteLimit: max(0, free))
                // `end` lets one message pass whatever its size: right for an empty queue only.
                room = segment.chunk.bytes(start..<end) <= free ? min(room, end - start) : 0
            } else if room > 0 {
                let start = segment.range.lowerBound
                room = min(room, segment.chunk.end(from: start, to: segment.range.upperBound, byteLimit: bounds.bytes) - start)
            }
            if room <= 0 {
                if let bell { state.waiting.append(bell) }
                return .full
            }
            var rest = segment
            let head = rest.split(min(room, rest.range.count))
            state.messages += head.range.count
            state.bytes += head.bytes
            state.accepted += head.range.count
            if head.chunk.properties.isEmpty { state.ready.append(head) } else { Self.place(head, &state) }
            Self.wakeAll(&state)
            return .accepted(head.range.count)
        }
    }

    /// Messages with a delay are held back one by one.
    private static func place(_ segment: MemorySegment, _ state: inout State) {
        var rest = segment
        while !rest.range.isEmpty {
            let one = rest.split(1)
            if let delay = one.chunk.properties[one.range.lowerBound].delay, delay > .zero {
                hold(one, for: delay, &state)
            } else {
                state.ready.append(one)
            }
        }
    }

    private static func hold(_ segment: MemorySegment, for delay: Duration, _ state: inout State) {
        let due = Deadline.after(delay).nanoseconds
        let place = state.heldBack.firstIndex { $0.due > due } ?? state.heldBack.count
        state.heldBack.insert((due, segment), at: place)
    }

    // MARK: Receiving

    /// Takes up to `limit` messages and about `byteLimit` bytes, at least one message if there is one.
    func take(
        limit: Int, byteLimit: Int, into taken: inout [MemorySegment], endsWithLastSender: Bool, bell: Bell?
    ) -> Found {
        state.withLock { state in
            if state.isRemoved { return .removed }
            Self.releaseDue(&state)
            guard state.head < state.ready.count else {
                if endsWithLastSender && state.hadSender && state.senders == 0 && state.heldBack.isEmpty { return .ended }
                if let bell { state.waiting.append(bell) }
                return .empty(nextDue: state.heldBack.first.map { Deadline(nanoseconds: $0.due) } ?? .never)
            }
            var (messages, bytes) = (limit, byteLimit)
            while messages > 0, state.head < state.ready.count {
                let segment = state.ready[state.head]
                let start = segment.range.lowerBound
                let end = segment.chunk.end(from: start, to: start + min(segment.range.count, messages), byteLimit: bytes)
                if segment.chunk.bytes(start..<end) > bytes && messages < limit { break }
                let part = end == segment.range.upperBound ? segment : state.ready[state.head].split(end - start)
                if end == segment.range.upperBound { state.head += 1 }
                taken.append(part)
                messages -= part.range.count
                bytes -= part.bytes
                state.messages -= part.range.count
                state.bytes -= part.bytes
                if bytes <= 0 { break }
            }
            if state.head == state.ready.count || (state.head > 256 && state.head * 2 > state.ready.count) {
                state.ready.removeSubrange(..<state.head)
                state.head = 0
            }
            Self.wakeAll(&state)
            return .taken
        }
    }

    private static func releaseDue(_ state: inout State) {
        guard let first = state.heldBack.first, first.due <= Deadline.now() else { return }
        let now = Deadline.now()
        let count = state.heldBack.firstIndex { $0.due > now } ?? state.heldBack.count
        state.ready.append(contentsOf: state.heldBack[..<count].map(\.segment))
        state.heldBack.removeSubrange(..<count)
    }

    /// Puts messages back: behind the others after `delay`, or, for `nil`, in front of them. Never refused for want of room.
    func putBack(_ segments: [MemorySegment], after delay: Duration?) {
        if segments.isEmpty { return }
        state.withLock { state in
            if state.isRemoved { return }
            for var segment in delay == nil ? segments.reversed() : segments {
                segment.attempts += 1
                state.messages += segment.range.count
                state.bytes += segment.bytes
                switch delay {
                case .none: state.ready.insert(segment, at: state.head)
                case .some(let delay) where delay > .zero: Self.hold(segment, for: delay, &state)
                case .some: state.ready.append(segment)
                }
            }
            Self.wakeAll(&state)
        }
    }

    /// What is ready now, in order, or `nil` when the queue was removed.
    var snapshot: [MemorySegment]? {
        state.withLock { state in
            Self.releaseDue(&state)
            return state.isRemoved ? nil : Array(state.ready[state.head...])
        }
    }

    // MARK: Looking after it

    func purge() -> Int {
        state.withLock { state in
            let count = state.messages
            (state.ready, state.heldBack, state.head, state.messages, state.bytes) = ([], [], 0, 0, 0)
            Self.wakeAll(&state)
            return count
        }
    }

    func remove() {
        state.withLock { state in
            state.isRemoved = true
            (state.ready, state.heldBack, state.head) = ([], [], 0)
            Self.wakeAll(&state)
        }
    }

    /// Takes a bell back that was left with `push` or `take`.
    func leave(_ bell: Bell) {
        state.withLock { $0.waiting.removeAll { $0 === bell } }
        bell.silence()
    }

    /// Everybody looks again: one woken alone might be leaving, and the others would sleep on.
    private static func wakeAll(_ state: inout State) {
        if state.waiting.isEmpty { return }
        for bell in state.waiting { bell.ring() }
        state.waiting.removeAll(keepingCapacity: true)
    }
}
