import Glibc

final class SQSQueue {
    let name: String
    var attributes: [String: String]
    var messages: [Int: SQSMessage] = [:]
    /// Serials that can be received, oldest first; those of a standard queue that are gone or hidden again are skipped.
    private var line: [Int] = []
    private var first = 0
    /// Serials that cannot be received now: delayed or in flight.
    var hidden: Set<Int> = []
    private var nextExpiry = Int64.max
    private var remembered: [String: (until: Int64, id: [UInt8])] = [:]
    var lastPurge = Int64.min

    init(_ name: String, _ attributes: [String: String]) { (self.name, self.attributes) = (name, attributes) }

    var isFIFO: Bool { name.hasSuffix(".fifo") }

    func number(_ attribute: String, default value: Int) -> Int { attributes[attribute].flatMap { Int($0) } ?? value }

    /// The id of a message that was accepted under the same deduplication id within five minutes.
    func duplicate(of dedup: String, _ now: Int64) -> [UInt8]? {
        guard let entry = remembered[dedup], entry.until > now else { return nil }
        return entry.id
    }

    func append(_ message: SQSMessage, delay: Int, _ now: Int64) {
        if let dedup = message.dedup { remembered[dedup] = (now + 300_000_000_000, message.id) }
        messages[message.serial] = message
        if delay > 0 { hide(message.serial, until: now + Int64(delay) * 1_000_000_000) }
        if delay == 0 || isFIFO { line.append(message.serial) }
    }

    func hide(_ serial: Int, until time: Int64) {
        messages[serial]?.visibleAt = time
        hidden.insert(serial)
        nextExpiry = min(nextExpiry, time)
    }

    /// Makes visible what is due.
    func expire(_ now: Int64) {
        guard now >= nextExpiry else { return }
        nextExpiry = .max
        for serial in hidden.sorted() {
            guard let message = messages[serial] else {
                hidden.remove(serial)
                continue
            }
            if message.visibleAt <= now { show(serial) } else { nextExpiry = min(nextExpiry, message.visibleAt) }
        }
    }

    func show(_ serial: Int) {
        hidden.remove(serial)
        if !isFIFO { line.append(serial) }  // the line of a FIFO queue keeps everything in its order
    }

    func delete(_ serial: Int) {
        messages[serial] = nil
        hidden.remove(serial)
    }

    /// Up to `limit` messages, which are hidden for `visibility` seconds.
    func receive(_ limit: Int, visibility: Int, _ now: Int64) -> [SQSMessage] {
        expire(now)
        let taken = isFIFO ? takeInOrder(limit) : takeAny(limit)
        return taken.map { serial in
            var message = messages[serial]!
            message.receiveCount += 1
            if message.firstReceived == 0 { message.firstReceived = Int(wallNanoseconds() / 1_000_000) }
            messages[serial] = message
            hide(serial, until: now + Int64(visibility) * 1_000_000_000)
            return message
        }
    }

    private func takeAny(_ limit: Int) -> [Int] {
        var taken: [Int] = []
        while taken.count < limit, first < line.count {
            let serial = line[first]
            first += 1
            if messages[serial] != nil && !hidden.contains(serial) && !taken.contains(serial) { taken.append(serial) }
        }
        if first > 1024 && first * 2 > line.count {
            line.removeFirst(first)
            first = 0
        }
        return taken
    }

    /// Nothing of a group goes while something before it is in flight.
    private func takeInOrder(_ limit: Int) -> [Int] {
        line.removeAll { messages[$0] == nil }
        var (taken, blocked) = ([Int](), Set<String>())
        for serial in line {
            if taken.count == limit { break }
            let group = messages[serial]?.group ?? ""
            if blocked.contains(group) { continue }
            if hidden.contains(serial) { blocked.insert(group) } else { taken.append(serial) }
        }
        return taken
    }

    func purge() {
        messages = [:]
        (line, first, hidden) = ([], 0, [])
    }

    /// What can be received, is in flight, is delayed.
    func counts(_ now: Int64) -> (visible: Int, inFlight: Int, delayed: Int) {
        expire(now)
        let delayed = hidden.count { messages[$0]?.receiveCount == 0 }
        return (messages.count - hidden.count, hidden.count - delayed, delayed)
    }
}
