/// What became of the messages handed to a `Delivery`: a value without input or output.
///
/// A message has two names here. Its position counts everything that was handed over; its number counts what the sender took,
/// and is what the sender confirms and rejects by. They part where a message is refused before it is sent.
struct DeliveryAccount {
    /// From `number` on, positions follow from their distance, up to the next stretch.
    private struct Stretch {
        var number: Int
        var position: Int
    }

    /// Positions given so far.
    private(set) var handed = 0
    /// Messages that the sender took.
    private(set) var taken = 0
    /// Numbers below are confirmed or rejected.
    private(set) var confirmed = 0
    /// The lowest refused message that nobody agreed to leave out, with the number that it has or would have got.
    private(set) var firstFailed: (position: Int, number: Int, error: TransportError)?
    private var stretches = [Stretch(number: 0, position: 0)]
    /// Numbers that were rejected: how many below `confirmed`, and which from there on.
    private var rejectedBelow = 0
    private var rejectedAhead: [Int] = []
    /// Positions below have had their verdict.
    private var told = 0
    /// Refused positions from `told` on, so that they are not taken for confirmed ones.
    private var refused: [Int] = []
    private var news: [Verdict] = []

    mutating func take(_ count: Int) {
        taken += count
        handed += count
    }

    /// The next position is left out without harm.
    mutating func passOver() {
        handed += 1
        let next = Stretch(number: taken, position: handed)
        if stretches[stretches.count - 1].number == taken { stretches[stretches.count - 1] = next } else { stretches.append(next) }
    }

    /// The next position cannot be sent.
    mutating func refuse(_ error: TransportError, isForgiven: Bool) {
        note(handed, number: taken, error, isForgiven)
        passOver()
    }

    /// The other side refused what the sender had taken.
    mutating func reject(number: Int, _ error: TransportError, isForgiven: Bool) {
        if number < confirmed { rejectedBelow += 1 } else { rejectedAhead.append(number) }
        note(position(of: number), number: number, error, isForgiven)
    }

    private mutating func note(_ position: Int, number: Int, _ error: TransportError, _ isForgiven: Bool) {
        if position >= told { refused.append(position) }
        news.append(Verdict(position..<position + 1, .refused(error)))
        if !isForgiven && position < firstFailed?.position ?? .max { firstFailed = (position, number, error) }
    }

    mutating func confirm(upTo number: Int) {
        let before = confirmed
        confirmed = max(confirmed, min(number, taken))
        if !rejectedAhead.isEmpty {
            let all = rejectedAhead.count
            rejectedAhead.removeAll { $0 < confirmed }
            rejectedBelow += all - rejectedAhead.count
        }
        // A rejection may come a little behind the confirmation that passed over it.
        if stretches.count > 1 {
            let kept = stretches.lastIndex { $0.number <= before } ?? 0
            if kept > stretches.count / 2 || stretches.count < 16 { stretches.removeFirst(kept) }
        }
    }

    private func position(of number: Int) -> Int {
        var (low, high) = (0, stretches.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if stretches[middle].number <= number { low = middle } else { high = middle - 1 }
        }
        return stretches[low].position + number - stretches[low].number
    }

    /// Everything below is confirmed, refused or left out.
    private var settled: Int { confirmed == taken ? handed : position(of: confirmed) }

    /// The lowest position that is neither confirmed nor left out.
    var firstOpen: Int { min(settled, firstFailed?.position ?? .max) }

    /// Messages confirmed, of which there may be some behind `firstOpen`.
    var acknowledged: Int { confirmed - rejectedBelow }

    /// Of `acknowledged`, those behind `firstOpen`.
    var acknowledgedBehind: Int {
        guard let firstFailed, firstFailed.position < settled else { return 0 }
        return acknowledged - firstFailed.number
    }

    /// Messages of which nothing is known but that the sender took them.
    var unanswered: Int { taken - confirmed - rejectedAhead.count }

    /// What is known since the last call: each position gets one verdict.
    mutating func verdicts() -> [Verdict] {
        var result = news
        news.removeAll(keepingCapacity: true)
        let end = settled
        guard told < end else { return result }
        if !refused.isEmpty {
            refused.sort()
            let passed = refused.prefix { $0 < end }
            for position in passed {
                if told < position { result.append(Verdict(told..<position, .done)) }
                told = position + 1
            }
            refused.removeFirst(passed.count)
        }
        if told < end { result.append(Verdict(told..<end, .done)) }
        told = end
        return result
    }
}
