import Glibc
import MQCore

/// One queue with an open receiver and an open sender, for a check that runs on one thread.
final class Link {
    let subject: ConformanceSubject
    let queue: ConformanceQueue
    let stop = StopFlag()
    let sender: any Sender
    let receiver: any Receiver

    /// The receiver is opened first: where ends must meet, it is the one that binds.
    init(_ subject: ConformanceSubject, configure: (inout Opening) -> Void = { _ in }) throws {
        self.subject = subject
        queue = try subject.makeQueue()
        var opening = Opening(stop: stop)
        opening.deadline = .after(subject.patience)
        configure(&opening)
        do {
            receiver = try queue.receiving.openReceiver(opening)
            sender = try queue.sending.openSender(opening)
        } catch {
            queue.cleanUp()
            throw error
        }
    }

    /// Closes both ends first, since a broker may not remove a queue in use; `Link` is used through `with`.
    static func with(
        _ subject: ConformanceSubject, configure: (inout Opening) -> Void = { _ in }, _ body: (Link) throws -> Void
    ) throws {
        let link = try Link(subject, configure: configure)
        defer { link.queue.cleanUp() }
        try body(link)
    }

    var soon: Deadline { .after(subject.patience) }

    func send(_ bodies: [[UInt8]]) throws {
        var batch = Batch()
        for body in bodies { batch.append(body) }
        try send(batch)
    }

    /// Sends numbered messages, each in a group of its own where there are groups: none is held back because of another.
    func sendApart(_ numbers: Range<Int>) throws {
        var batch = Batch()
        for number in numbers {
            batch.append(numbered(number))
            var properties = MessageProperties()
            properties.group = "\(number)"
            if subject.has(.group) { batch.setProperties(properties) }
        }
        try send(batch)
    }

    func send(_ batch: borrowing Batch, _ range: Range<Int>? = nil) throws {
        let range = range ?? 0..<batch.count
        if let refusal = sender.refusal(in: batch, range) { throw refusal.error }
        let accepted = try sender.send(batch, range, until: soon, stop: stop)
        try require(accepted == range.count, "\(accepted) of \(range.count) messages were accepted")
        try sender.flush(until: soon, stop: stop)
        let rejections = sender.takeRejections()
        try require(rejections.isEmpty, "a message was rejected: \(rejections.first?.error.message ?? "")")
    }

    /// Receives and acknowledges until `count` messages are there.
    func receive(_ count: Int, from other: (any Receiver)? = nil) throws -> [[UInt8]] {
        let receiver = other ?? self.receiver
        var bodies: [[UInt8]] = []
        var batch = Batch()
        while bodies.count < count {
            batch.removeAll()
            let outcome = try receiver.receive(into: &batch, limit: count - bodies.count, byteLimit: 1 << 20, until: soon, stop: stop)
            try require(outcome == .received, "\(outcome) after \(bodies.count) of \(count) messages")
            try require(batch.count <= count - bodies.count, "more messages than the limit")
            bodies += batch.bodies
            try receiver.settle(last: batch.count, as: .acknowledge)
        }
        return bodies
    }

    /// Receives into `batch` until it holds `count` messages.
    func collect(_ count: Int, into batch: inout Batch, acknowledging: Bool = false) throws {
        while batch.count < count {
            let before = batch.count
            let outcome = try receiver.receive(
                into: &batch, limit: count - before, byteLimit: 1 << 16, until: soon, stop: stop)
            try require(outcome == .received, "\(outcome) after \(before) of \(count) messages")
            try require((before + 1...count).contains(batch.count), "\(batch.count - before) messages for a limit of \(count - before)")
            if acknowledging { try receiver.settle(last: batch.count - before, as: .acknowledge) }
        }
    }

    /// Requires that nothing more arrives within `time`.
    func expectNothing(within time: Duration = .milliseconds(30)) throws {
        var batch = Batch()
        let outcome = try receiver.receive(into: &batch, limit: 10, byteLimit: 1 << 20, until: .after(time), stop: stop)
        try require(outcome == .deadlinePassed && batch.isEmpty, "\(batch.count) messages came that should not: \(outcome)")
    }

    /// Sends without waiting until the queue takes no more, and returns how many it took.
    func fill() throws -> Int {
        var batch = Batch()
        for _ in 0..<64 { batch.append([UInt8](repeating: 0x66, count: 100)) }
        var sum = 0
        var refusals = 0
        while refusals < 3 {
            let accepted = try sender.send(batch, 0..<64, until: .after(.milliseconds(refusals == 0 ? 0 : 20)), stop: stop)
            sum += accepted
            refusals = accepted == 64 ? 0 : refusals + 1
            try require(sum < 100_000_000, "the queue never fills up")
        }
        return sum
    }
}
