/// The messages of a group of a FIFO queue, in their order.
final class SQSGroup {
    let name: String
    var line: [Int] = []
    private var first = 0
    /// Whether it stands among the groups that may have something to receive.
    var isOffered = false

    init(_ name: String) { self.name = name }

    var isEmpty: Bool { first == line.count }

    /// Up to `limit` from the front, none behind one that is hidden.
    func take(_ limit: Int, _ messages: [Int: SQSMessage], _ hidden: Set<Int>) -> [Int] {
        while first < line.count, messages[line[first]] == nil { first += 1 }
        if first > 64 && first * 2 > line.count {
            line.removeFirst(first)
            first = 0
        }
        var (taken, place) = ([Int](), first)
        while taken.count < limit, place < line.count {
            let serial = line[place]
            place += 1
            guard messages[serial] != nil else { continue }
            if hidden.contains(serial) { break }
            taken.append(serial)
        }
        return taken
    }
}
