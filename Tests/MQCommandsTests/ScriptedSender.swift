import MQCore
import MQTesting

/// A broker's sender that takes everything and answers as told: in its own order, and late.
final class ScriptedSender: Sender {
    struct Script: Sendable {
        /// Numbers from 0 that are refused, told by the first call of `send`.
        var refusedAtOnce: [Int] = []
        /// Told by `flush`, in this order.
        var refusedLate: [Int] = []
        /// `flush` fails, and everything from this number on was not answered; of them, those behind `holes` are confirmed.
        var breaksAt: Int?
        var confirmedBehind = 0
    }

    private let script: Script
    private var taken = 0
    private var isFlushed = false
    private var rejections: [Rejection] = []

    init(_ script: Script) { self.script = script }

    let maximumMessageSize: Int? = nil
    var confirmed: Int { isFlushed ? min(taken, script.breaksAt ?? taken) : 0 }
    var confirmedBehind: Int { isFlushed ? script.confirmedBehind : 0 }

    private func reject(_ numbers: [Int]) {
        rejections += numbers.map { Rejection(position: $0, error: TransportError(.unsendable, "refused by the broker")) }
    }

    func send(_ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Int {
        if taken == 0 { reject(script.refusedAtOnce) }
        taken += range.count
        return range.count
    }

    func takeRejections() -> [Rejection] {
        defer { rejections = [] }
        return rejections
    }

    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        if !isFlushed { reject(script.refusedLate) }
        isFlushed = true
        if script.breaksAt != nil { throw TransportError(.unreachable, "connection closed by peer") }
    }
}

struct ScriptedTransport: Transport {
    static let descriptor = FaultyTransport.descriptor
    let script: ScriptedSender.Script

    init(_ script: ScriptedSender.Script) { self.script = script }
    init(_ address: Address, options: OptionValues) throws(TransportError) { script = ScriptedSender.Script() }
    func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint { MeetingPoint(sending: unique, isPrivate: true) }
    func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender { ScriptedSender(script) }
}
