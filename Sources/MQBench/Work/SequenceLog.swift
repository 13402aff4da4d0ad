/// Which messages of one producer were received: exact, a bit each.
struct SequenceLog: Sendable {
    private(set) var words: [UInt64] = []
    /// The highest number so far, -1 before the first.
    private(set) var highest = -1
    private(set) var received = 0
    private(set) var duplicated = 0
    private(set) var reordered = 0

    /// More than this many messages is no sequence number of ours.
    static let limit = 1 << 36

    /// What a message turned out to be.
    enum Arrival: Sendable {
        case new, duplicate
        /// A number that cannot be one of ours.
        case foreign
    }

    /// Counts one message.
    mutating func record(_ sequence: Int) -> Arrival {
        let word = sequence >> 6
        if word >= words.count {
            guard sequence < Self.limit else { return .foreign }
            grow(to: word)
        }
        let bit = UInt64(1) << UInt64(sequence & 63)
        if words[word] & bit != 0 {
            duplicated += 1
            return .duplicate
        }
        words[word] |= bit
        received += 1
        if sequence < highest { reordered += 1 } else { highest = sequence }
        return .new
    }

    /// Counts messages with the `count` numbers behind `highest`, which are new for that reason, as `record` would one by one.
    mutating func recordNext(_ count: Int) {
        var left = count
        while left > 0 {
            let (word, bit) = ((highest + 1) >> 6, (highest + 1) & 63)
            let taken = min(left, 64 - bit)
            if word >= words.count { grow(to: word) }
            words[word] |= (taken == 64 ? .max : UInt64(1) << UInt64(taken) - 1) << UInt64(bit)
            highest += taken
            left -= taken
        }
        received += count
    }

    private mutating func grow(to word: Int) {
        words.append(contentsOf: repeatElement(0, count: max(1024, word + 1 - words.count + words.count / 2)))
    }

    /// How many of the first `sent` messages were received: a higher number was sent by nobody here.
    func received(of sent: Int) -> Int {
        var count = words.prefix(sent >> 6).reduce(0) { $0 + $1.nonzeroBitCount }
        if sent >> 6 < words.count { count += (words[sent >> 6] & (1 << UInt64(sent & 63) - 1)).nonzeroBitCount }
        return count
    }

    /// Adds what another consumer saw of the same producer: a message that both saw is a duplicate.
    mutating func merge(_ other: SequenceLog) {
        if other.words.count > words.count { words.append(contentsOf: repeatElement(0, count: other.words.count - words.count)) }
        for index in other.words.indices {
            let both = (words[index] & other.words[index]).nonzeroBitCount
            duplicated += both
            received -= both
            words[index] |= other.words[index]
        }
        received += other.received
        duplicated += other.duplicated
        reordered += other.reordered
    }

    init() {}

    init(words: [UInt64], duplicated: Int, reordered: Int) {
        self.words = words
        self.duplicated = duplicated
        self.reordered = reordered
        received = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    /// Without the empty words behind the last message.
    var packed: [UInt64] { Array(words[..<((words.lastIndex { $0 != 0 } ?? -1) + 1)]) }
}
