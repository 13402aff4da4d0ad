import MQCore

/// A broker's sender that takes everything, passes nothing on and answers as told: in its own order, and late.
final class ScriptedSender: Sender {
    private let script: Faults.Answers
    private var taken = 0
    private var isFlushed = false
    private var rejections: [Rejection] = []

    init(_ script: Faults.Answers) { self.script = script }

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
