import CZMQ
import Glibc
import MQCore
import MQTesting
import Synchronization
import Testing

@testable import TransportZMQ

/// Collects notices from any thread.
final class NoticeLog: Sendable {
    private let list = Mutex<[Notice]>([])
    var notices: Notices { Notices { notice in self.list.withLock { $0.append(notice) } } }
    var all: [Notice] { list.withLock { $0 } }
    var warnings: [String] {
        all.compactMap { notice in
            switch notice {
            case .warning(let text): text
            case .connection(let event) where event.isWarning: event.sentence
            default: nil
            }
        }
    }
    var events: [ConnectionEvent] {
        all.compactMap { if case .connection(let event) = $0 { event } else { nil } }
    }
    var endpoints: [String] {
        all.compactMap { if case .listening(let text) = $0 { text } else { nil } }
    }
    /// The first of them, as soon as it is there.
    func endpoint() throws -> String {
        try #require(eventually { !endpoints.isEmpty }, "nothing listens: \(all)")
        return endpoints[0]
    }
}

enum ZMQ {
    /// A path nobody else has, removed by whoever binds it.
    static func path() -> String { "/tmp/mq-test-\(getpid())-\(UInt64.random(in: 0 ... .max)).sock" }

    static func transport(_ text: String) throws(TransportError) -> ZMQTransport {
        let address = try Address(parsing: text, syntax: .endpoints)
        return try ZMQTransport(address, options: OptionValues(address.options, for: ZMQTransport.descriptor))
    }

    static func opening(_ stop: StopFlag = StopFlag(), _ log: NoticeLog? = nil, untilClosed: Bool = false) -> Opening {
        var opening = Opening(stop: stop)
        if let log { opening.notices = log.notices }
        opening.endsWithLastSender = untilClosed
        return opening
    }

    /// Sends every message and flushes; returns how many were accepted.
    @discardableResult
    static func send(
        _ messages: [[UInt8]], to address: String, within limit: Duration = .seconds(10), stop: StopFlag = StopFlag(), log: NoticeLog? = nil
    ) throws(TransportError) -> Int {
        let sender = try transport(address).openSender(opening(stop, log))
        var batch = Batch()
        for message in messages { batch.append(message) }
        let accepted = try sender.send(batch, 0..<batch.count, until: .after(limit), stop: stop)
        try sender.flush(until: .after(limit), stop: stop)
        return accepted
    }

    /// Receives until `count` messages came, or nothing for `limit`.
    static func receive(
        _ count: Int, from address: String, within limit: Duration = .seconds(10), thenWithin next: Duration? = nil,
        log: NoticeLog? = nil, untilClosed: Bool = false, pause: UInt32 = 0
    ) throws(TransportError) -> (messages: [[UInt8]], outcome: Outcome) {
        let stop = StopFlag()
        let receiver = try transport(address).openReceiver(opening(stop, log, untilClosed: untilClosed))
        var messages: [[UInt8]] = []
        var outcome = Outcome.received
        while messages.count < count && outcome == .received {
            var batch = Batch()
            outcome = try receiver.receive(
                into: &batch, limit: count - messages.count, byteLimit: 1 << 16, until: .after(messages.isEmpty ? limit : next ?? limit),
                stop: stop)
            for index in 0..<batch.count { messages.append(Array(batch.bytes(of: index))) }
            if pause > 0 { usleep(pause) }
        }
        try receiver.close(until: .after(limit), stop: stop)
        return (messages, outcome)
    }

    static func numbered(_ count: Int, size: Int = 100) -> [[UInt8]] {
        (0..<count).map { Array("\($0) ".utf8) + [UInt8](repeating: 0x78, count: size) }
    }

    static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
        let start = Deadline.now()
        try body()
        return Double(Deadline.now() - start) / 1e6
    }

    static func error(_ body: () throws -> Void) -> TransportError? {
        do { try body() } catch { return error as? TransportError }
        return nil
    }
}

/// A name at which two ends in this process meet.
struct InprocMeeting: Sendable {
    private let name = UniqueName.make()
    let opening: Opening

    init(_ stop: StopFlag) {
        var opening = Opening(stop: stop)
        opening.sharesProcess = true
        self.opening = opening
    }

    /// Binds; `options` are those of the address, each behind its comma.
    func receiver(_ options: String = "") throws -> any Receiver {
        try ZMQ.transport("zmq:pull:@inproc://\(name)\(options)").openReceiver(opening)
    }

    func sender(_ options: String = "") throws -> any Sender {
        try ZMQ.transport("zmq:push:inproc://\(name)\(options)").openSender(opening)
    }
}
