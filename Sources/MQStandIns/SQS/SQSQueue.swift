import Glibc

final class SQSQueue {
    let name: String
    var attributes: [String: String]
    var tags: [String: String] = [:]
    var messages: [Int: SQSMessage] = [:]
    /// Serials that can be received, oldest first; those that are gone or hidden again are skipped.
    private var line: [Int] = []
    private var first = 0
    /// Of a FIFO queue: each group has a line of its own, and those stand here whose first message may be received.
    private var groups: [String: SQSGroup] = [:]
    private var readyGroups: [SQSGroup] = []
    /// Serials that cannot be received now: delayed or in flight.
    var hidden: Set<Int> = []
    private var nextExpiry = Int64.max
    /// All serials in the order of arrival, for the end of their retention.
    private var arrivals: [Int] = []
    private var firstArrival = 0
    private var remembered: [String: (until: Int64, id: [UInt8], serial: Int)] = [:]
    var lastPurge = Int64.min
    let created = wallNanoseconds() / 1_000_000_000
    var modified = wallNanoseconds() / 1_000_000_000
    /// Messages that are no more, for the record; `nil` when nobody wants it.
    var history: [SQSMessage]?

    init(_ name: String, _ attributes: [String: String]) { (self.name, self.attributes) = (name, attributes) }

    var isFIFO: Bool { name.hasSuffix(".fifo") }
    var arn: String { "arn:aws:sqs:us-east-1:000000000000:\(name)" }

    func number(_ attribute: String, default value: Int) -> Int { attributes[attribute].flatMap { Int($0) } ?? value }

    /// The message that was accepted under the same deduplication id within five minutes.
    func duplicate(of dedup: String, group: String?, _ now: Int64) -> (id: [UInt8], serial: Int)? {
        guard let entry = remembered[dedupKey(dedup, group)], entry.until > now else { return nil }
        return (entry.id, entry.serial)
    }

    /// Deduplication reaches across groups, or not (high throughput for FIFO queues, in the SQS developer guide).
    private func dedupKey(_ dedup: String, _ group: String?) -> String {
        attributes["DeduplicationScope"] == "messageGroup" ? "\(group ?? "")\u{0}\(dedup)" : dedup
    }

    func append(_ message: SQSMessage, delay: Int, _ now: Int64) {
        if let dedup = message.dedup {
            if remembered.count > 10_000 { remembered = remembered.filter { $0.value.until > now } }
            remembered[dedupKey(dedup, message.group)] = (now + 300_000_000_000, message.id, message.serial)
        }
        messages[message.serial] = message
        arrivals.append(message.serial)
        if delay > 0 { hide(message.serial, until: now + Int64(delay) * 1_000_000_000) }
        guard isFIFO else {
            if delay == 0 { line.append(message.serial) }
            return
        }
        let group = groups[message.group ?? ""] ?? SQSGroup(message.group ?? "")
        groups[group.name] = group
        group.line.append(message.serial)
        offer(group)
    }

    private func offer(_ group: SQSGroup) {
        guard !group.isOffered else { return }
        group.isOffered = true
        readyGroups.append(group)
    }

    func hide(_ serial: Int, until time: Int64) {
        messages[serial]?.visibleAt = time
        hidden.insert(serial)
        nextExpiry = min(nextExpiry, time)
    }

    /// Makes visible what is due, and drops what was kept for long enough.
    func expire(_ now: Int64) {
        let oldest = wallNanoseconds() / 1_000_000 - Int64(number("MessageRetentionPeriod", default: 345_600)) * 1000
        while firstArrival < arrivals.count, messages[arrivals[firstArrival]].map({ $0.sent <= oldest }) ?? true {
            delete(arrivals[firstArrival])
            firstArrival += 1
        }
        if firstArrival > 1024 && firstArrival * 2 > arrivals.count {
            arrivals.removeFirst(firstArrival)
            firstArrival = 0
        }
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
        if isFIFO { reopen(serial) } else { line.append(serial) }
    }

    /// What a group is waiting for may have come.
    private func reopen(_ serial: Int) {
        if let message = messages[serial], let group = groups[message.group ?? ""] { offer(group) }
    }

    func delete(_ serial: Int) {
        if isFIFO { reopen(serial) }
        if let message = messages.removeValue(forKey: serial) { history?.append(message) }
        hidden.remove(serial)
    }

    /// Takes a message out, to put it elsewhere.
    func remove(_ serial: Int) -> SQSMessage? {
        if isFIFO { reopen(serial) }
        hidden.remove(serial)
        return messages.removeValue(forKey: serial)
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
        var (taken, place) = ([Int](), 0)
        while taken.count < limit, place < readyGroups.count {
            let group = readyGroups[place]
            group.isOffered = false
            place += 1
            taken += group.take(limit - taken.count, messages, hidden)
            if group.isEmpty { groups[group.name] = nil }
        }
        readyGroups.removeFirst(place)
        return taken
    }

    func purge() {
        history?.append(contentsOf: messages.values.sorted { $0.serial < $1.serial })
        messages = [:]
        (line, first, hidden, arrivals, firstArrival) = ([], 0, [], [], 0)
        (groups, readyGroups) = ([:], [])
    }

    /// What can be received, is in flight, is delayed.
    func counts(_ now: Int64) -> (visible: Int, inFlight: Int, delayed: Int) {
        expire(now)
        let delayed = hidden.count { messages[$0]?.receiveCount == 0 }
        return (messages.count - hidden.count, hidden.count - delayed, delayed)
    }
}
