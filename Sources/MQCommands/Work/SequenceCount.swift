import MQCore

/// What the sequence numbers of a feed tell: how many messages are missing, came twice, or came after later ones.
struct SequenceCount {
    enum Finding: Equatable {
        case gap(missing: UInt64, after: UInt64, before: UInt64)
        case duplicate(UInt64)
        case stepBack(to: UInt64, from: UInt64)
    }

    private struct Topic {
        var name: [UInt8]
        /// The number that the next is compared with.
        var last: UInt64
        /// Where the topic went back to: when the next number follows this one, it has begun anew.
        var back: UInt64?
    }

    private let place: SequencePlace
    private var topics: [Topic] = []
    private var indices: [[UInt8]: Int] = [:]
    /// The topic of the last message.
    private var current = 0

    private(set) var messages = 0
    /// Messages that have no number at the place, and those of topics beyond the most that are watched.
    private(set) var unnumbered = 0
    private(set) var unwatched = 0
    private(set) var gaps = 0
    private(set) var missing: UInt64 = 0
    private(set) var duplicates = 0
    private(set) var stepsBack = 0
    /// `nil` where the number stands in the first frame, which then is no topic.
    var topicCount: Int? { place.frame > 1 ? topics.count : nil }

    /// Topics that are watched.
    static let mostTopics = 65_536

    init(_ place: SequencePlace) { self.place = place }

    /// Takes the next message.
    /// - Returns: what is wrong with its number, and its topic.
    mutating func take(_ bytes: UnsafeRawBufferPointer, frames: [Int]?) -> (finding: Finding, topic: [UInt8])? {
        messages += 1
        let frames = frames ?? [bytes.count]
        guard let number = place.number(in: bytes, frames: frames) else {
            unnumbered += 1
            return nil
        }
        // What stands in the first frame itself belongs to no topic.
        let name = UnsafeRawBufferPointer(rebasing: place.frame == 1 ? bytes[..<0] : bytes[..<frames[0]])
        guard find(name, number) else { return nil }
        return judge(number).map { ($0, topics[current].name) }
    }

    /// Makes a message's topic the current one.
    /// - Returns: false where it is new: there is nothing to compare its number with.
    private mutating func find(_ name: UnsafeRawBufferPointer, _ number: UInt64) -> Bool {
        if current < topics.count, topics[current].name.count == name.count, name.elementsEqual(topics[current].name) { return true }
        let name = Array(name)
        if let index = indices[name] {
            current = index
            return true
        }
        guard topics.count < Self.mostTopics else {
            unwatched += 1
            return false
        }
        indices[name] = topics.count
        current = topics.count
        topics.append(Topic(name: name, last: number))
        return false
    }

    private mutating func judge(_ number: UInt64) -> Finding? {
        let (last, back) = (topics[current].last, topics[current].back)
        if let back, place.step(from: last, to: number) != 1, place.step(from: back, to: number) == 1 {
            (topics[current].last, topics[current].back) = (number, nil)
            return nil
        }
        let step = place.step(from: last, to: number)
        if step == 0 {
            duplicates += 1
            return .duplicate(number)
        }
        if step < 0 {
            stepsBack += 1
            topics[current].back = number
            return .stepBack(to: number, from: last)
        }
        (topics[current].last, topics[current].back) = (number, nil)
        if step == 1 { return nil }
        gaps += 1
        missing &+= UInt64(step - 1)
        return .gap(missing: UInt64(step - 1), after: last, before: number)
    }
}
