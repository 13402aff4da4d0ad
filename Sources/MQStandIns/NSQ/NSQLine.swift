/// First in, first out, at O(1) each.
struct NSQLine {
    private var messages: [NSQMessage] = []
    private var first = 0

    var count: Int { messages.count - first }
    var isEmpty: Bool { count == 0 }
    var all: ArraySlice<NSQMessage> { messages[first...] }

    mutating func append(_ message: NSQMessage) { messages.append(message) }

    mutating func takeFirst() -> NSQMessage? {
        guard !isEmpty else { return nil }
        first += 1
        let message = messages[first - 1]
        if first > 1024 && first * 2 > messages.count {
            messages.removeFirst(first)
            first = 0
        }
        return message
    }

    mutating func takeAll() -> [NSQMessage] {
        let all = Array(messages[first...])
        removeAll()
        return all
    }

    mutating func removeAll() {
        messages = []
        first = 0
    }
}
