internal import MQCore

/// Which messages are confirmed, as a number without a hole.
struct ConfirmedPrefix {
    private enum State: UInt8 {
        case open, confirmed
        /// Refused, and nobody was told yet.
        case rejected
        /// Refused, and the owner knows. It holds `confirmed` back until the sender is used again: an owner that stops here must find it
        /// as the first message that is not confirmed.
        case told
    }

    private(set) var confirmed = 0
    /// Of `confirmed` and those behind it.
    private var states: [State] = []
    private var head = 0
    private var rejections: [Rejection] = []
    private var hasTold = false

    /// Messages given to the sender so far.
    var accepted: Int { confirmed + states.count - head }
    /// Messages confirmed behind the first that is not.
    var confirmedBehind: Int { states[head...].count { $0 == .confirmed } }
    /// Messages of which nothing is known.
    var open: Int { states[head...].count { $0 == .open } }
    var isComplete: Bool { !states[head...].contains(.open) }

    mutating func accept(_ count: Int) { states.append(contentsOf: repeatElement(.open, count: count)) }

    mutating func confirm(_ position: Int) {
        let index = head + position - confirmed
        if states.indices.contains(index), states[index] == .open { states[index] = .confirmed }
    }

    mutating func reject(_ position: Int, _ error: TransportError) {
        let index = head + position - confirmed
        guard states.indices.contains(index), states[index] == .open else { return }
        states[index] = .rejected
        rejections.append(Rejection(position: position, error: error))
    }

    /// Whether something was refused that nobody was told yet.
    var hasRejections: Bool { !rejections.isEmpty }

    /// Moves `confirmed` up to the first that is neither confirmed nor passed over.
    mutating func advance() {
        while head < states.count && states[head] == .confirmed {
            head += 1
            confirmed += 1
        }
        if head == states.count {
            states.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 4096 {
            states.removeFirst(head)
            head = 0
        }
    }

    /// What was refused and not told yet, the first of the stream first, whichever failed first in time.
    mutating func takeRejections() -> [Rejection] {
        defer { rejections = [] }
        rejections.sort { $0.position < $1.position }
        for rejection in rejections { states[head + rejection.position - confirmed] = .told }
        hasTold = hasTold || !rejections.isEmpty
        return rejections
    }

    /// Passes over what was refused and told.
    mutating func passTold() {
        guard hasTold else { return }
        hasTold = false
        for index in head..<states.count where states[index] == .told { states[index] = .confirmed }
        advance()
    }
}
