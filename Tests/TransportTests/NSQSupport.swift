import Glibc
import MQCore
import MQStandIns
import MQTesting

@testable import TransportNSQ

/// Short forms for tests of the transport.
enum NSQ {
    static func opening(
        _ log: NoticeLog? = nil, retry: Duration? = nil, stop: StopFlag = StopFlag(), clocks: Clocks = .system
    ) -> Opening {
        var opening = Opening(stop: stop)
        opening.clocks = clocks
        if let log { opening.notices = log.notices }
        opening.retry = retry
        opening.deadline = .after(.seconds(10))
        return opening
    }

    /// A stand-in that goes by these clocks.
    static func standIn(by hands: HandClocks, _ change: (inout NSQStandIn.Settings) -> Void = { _ in }) throws -> NSQStandIn {
        var settings = NSQStandIn.Settings()
        settings.clock = hands.clocks.monotonic
        change(&settings)
        return try NSQStandIn(settings)
    }

    static func numbered(_ range: Range<Int>) -> [[UInt8]] {
        range.map { Array("\($0) ".utf8) + [UInt8](repeating: 0x78, count: 90) }
    }

    static func send(_ messages: [[UInt8]], with sender: any Sender, within limit: Duration = .seconds(10)) throws {
        var batch = Batch()
        for message in messages { batch.append(message) }
        let accepted = try sender.send(batch, 0..<batch.count, until: .after(limit), stop: StopFlag())
        if accepted != batch.count { throw ConformanceFailure("\(accepted) of \(batch.count) accepted") }
    }

    static func flush(_ sender: any Sender, within limit: Duration = .seconds(10)) throws {
        try sender.flush(until: .after(limit), stop: StopFlag())
    }

    /// Sends to an address and waits until all is confirmed.
    static func send(_ messages: [[UInt8]], to address: String, log: NoticeLog? = nil, retry: Duration? = nil) throws {
        let sender = try NSQTransport.at(address).openSender(opening(log, retry: retry))
        try send(messages, with: sender)
        try flush(sender)
    }

    /// Receives and acknowledges until `count` messages came or nothing for `limit`.
    static func receive(_ count: Int, with receiver: any Receiver, within limit: Duration = .seconds(10)) throws -> [[UInt8]] {
        var bodies: [[UInt8]] = []
        var batch = Batch()
        while bodies.count < count {
            batch.removeAll()
            let outcome = try receiver.receive(
                into: &batch, limit: count - bodies.count, byteLimit: 1 << 17, until: .after(limit), stop: StopFlag())
            if outcome != .received { break }
            for index in 0..<batch.count { bodies.append(Array(batch.bytes(of: index))) }
            try receiver.settle(last: batch.count, as: .acknowledge)
        }
        return bodies
    }

    static func receive(_ count: Int, from address: String, within limit: Duration = .seconds(10)) throws -> [[UInt8]] {
        let receiver = try NSQTransport.at(address).openReceiver(opening())
        let bodies = try receive(count, with: receiver, within: limit)
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        return bodies
    }

    static func error(_ body: () throws -> Void) -> TransportError? {
        do { try body() } catch { return error as? TransportError }
        return nil
    }

    /// Waits for something that another thread or process brings about.
    static func eventually(within limit: Duration = .seconds(10), _ condition: () -> Bool) -> Bool {
        MQTesting.eventually(within: limit, condition)
    }
}
