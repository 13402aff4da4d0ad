/// The ids of messages that are done, the last N of them, and of those under way: a broker that delivers at least once delivers some
/// twice. It is memory: a program that starts again knows none.
struct RecentIDs {
    enum Answer: Equatable {
        case new, done
        /// A copy of the message at this position, which is under way.
        case copy(of: Int)
    }

    private let capacity: Int
    /// A ring.
    private var order: [String] = []
    private var oldest = 0
    private var done: Set<String> = []
    private var running: [String: Int] = [:]

    init(capacity: Int) { self.capacity = capacity }

    /// Begins with a message unless it, or a copy, was begun or done before.
    mutating func begin(_ id: String, at position: Int) -> Answer {
        if done.contains(id) { return .done }
        if let first = running[id] { return .copy(of: first) }
        running[id] = position
        return .new
    }

    /// The message under way with this id has its verdict.
    mutating func end(_ id: String, isDone: Bool) {
        running[id] = nil
        guard isDone, capacity > 0, done.insert(id).inserted else { return }
        if order.count < capacity {
            order.append(id)
        } else {
            done.remove(order[oldest])
            order[oldest] = id
            oldest = (oldest + 1) % capacity
        }
    }
}
