import Glibc
import MQCore
import MQStandIns

extension Conformance {
    /// Every blocking call meets its deadline and notices the stop flag, within 50 ms.
    static let waiting: [ConformanceCheck] = [
        ConformanceCheck("an empty queue meets its deadline") { subject in
            try Link.with(subject) { link in
                for wait in [UInt64(0), 1_000_000, 60_000_000] {
                    try promptly("receive returned after its deadline of \(wait / 1_000_000) ms") {
                        let (outcome, time) = try receiveTimed(link, within: wait)
                        try require(outcome == .deadlinePassed, "\(outcome)")
                        try require(time >= wait, "returned \(wait - min(wait, time)) ns early")
                        return time - wait
                    }
                }
            }
        },
        ConformanceCheck("a full queue meets its deadline", if: \.fillsUp) { subject in
            try Link.with(subject) { link in
                _ = try link.fill()
                for wait in [UInt64(0), 1_000_000, 60_000_000] {
                    try promptly("send returned after its deadline of \(wait / 1_000_000) ms") {
                        let (accepted, time) = try sendTimed(link, within: wait)
                        try require(accepted == 0, "a full queue accepted a message")
                        try require(time >= wait, "returned early")
                        return time - wait
                    }
                }
            }
        },
        ConformanceCheck("a message that is there is received though the deadline has passed") { subject in
            try Link.with(subject) { link in
                try link.send([numbered(1), numbered(2)])
                var batch = Batch()
                let end = link.soon
                while batch.count < 2 {
                    let outcome = try link.receiver.receive(
                        into: &batch, limit: 2, byteLimit: 1 << 16, until: .immediately, stop: link.stop)
                    try require(outcome == .received || outcome == .deadlinePassed, "\(outcome)")
                    // Under way still, with a network between.
                    try require(!end.hasPassed, "never came")
                }
                try require(Set(batch.bodies) == [numbered(1), numbered(2)], "other bodies")
                try link.receiver.settle(0..<2, as: .acknowledge)
            }
        },
        ConformanceCheck("a stop before receive is noticed") { subject in
            try promptly("receive noticed a stop") {
                var time = UInt64.max
                try Link.with(subject) { link in
                    link.stop.raise()
                    let (outcome, elapsed) = try receiveTimed(link, within: 2_000_000_000)
                    try require(outcome == .stopped, "\(outcome)")
                    time = elapsed
                }
                return time
            }
        },
        ConformanceCheck("a stop during receive is noticed") { subject in
            try promptly("receive noticed a stop") {
                var time = UInt64.max
                try Link.with(subject) { link in
                    let raised = raiseSoon(link.stop)
                    let (outcome, _) = try receiveTimed(link, within: nil)
                    let now = Deadline.now()
                    try require(outcome == .stopped, "\(outcome)")
                    time = now - min(now, try raised.join())
                }
                return time
            }
        },
        ConformanceCheck("a stop before send on a full queue is noticed", if: \.fillsUp) { subject in
            try promptly("send noticed a stop") {
                var time = UInt64.max
                try Link.with(subject) { link in
                    _ = try link.fill()
                    link.stop.raise()
                    let (accepted, elapsed) = try sendTimed(link, within: 2_000_000_000)
                    try require(accepted == 0, "a full queue accepted a message")
                    time = elapsed
                }
                return time
            }
        },
        ConformanceCheck("a stop during send on a full queue is noticed", if: \.fillsUp) { subject in
            try promptly("send noticed a stop") {
                var time = UInt64.max
                try Link.with(subject) { link in
                    _ = try link.fill()
                    let raised = raiseSoon(link.stop)
                    let (accepted, _) = try sendTimed(link, within: nil)
                    let now = Deadline.now()
                    try require(accepted == 0, "a full queue accepted a message")
                    time = now - min(now, try raised.join())
                }
                return time
            }
        },
        ConformanceCheck("a waiting receiver is woken by a message") { subject in
            for wait in [nil, Duration.seconds(20)] {
                try Link.with(subject) { link in
                    let (transport, patience) = (link.queue.sending, subject.patience)
                    let sending = Background {
                        let sender = try transport.openSender(opening(patience))
                        usleep(30_000)
                        var batch = Batch()
                        batch.append(numbered(7))
                        let stop = StopFlag()
                        try require(try sender.send(batch, 0..<1, until: .after(patience), stop: stop) == 1, "not sent")
                        try sender.flush(until: .after(patience), stop: stop)
                    }
                    var batch = Batch()
                    let outcome = try link.receiver.receive(
                        into: &batch, limit: 9, byteLimit: 1 << 16, until: .after(wait), stop: link.stop)
                    try require(outcome == .received && batch.bodies == [numbered(7)], "\(outcome)")
                    try link.receiver.settle(0..<1, as: .acknowledge)
                    try sending.join()
                }
            }
        },
        ConformanceCheck("a waiting sender goes on when there is room", if: \.fillsUp) { subject in
            for wait in [nil, Duration.seconds(20)] {
                try Link.with(subject) { link in
                    let filled = try link.fill()
                    let (transport, patience, stop) = (link.queue.sending, subject.patience, link.stop)
                    let sending = Background {
                        let sender = try transport.openSender(opening(patience))
                        var batch = Batch()
                        for number in 0..<3 { batch.append(numbered(number)) }
                        return try sender.send(batch, 0..<3, until: .after(wait), stop: stop)
                    }
                    usleep(30_000)
                    let received = try link.receive(filled + 3)
                    try require(try sending.join() == 3, "not all accepted")
                    try require(Set(received.suffix(3)) == Set((0..<3).map(numbered)) || !subject.keepsOrder, "other bodies")
                }
            }
        },
    ]

    static func opening(_ patience: Duration) -> Opening {
        var opening = Opening(stop: StopFlag())
        opening.deadline = .after(patience)
        return opening
    }

    private static func receiveTimed(_ link: Link, within wait: UInt64?) throws -> (Outcome, UInt64) {
        var batch = Batch()
        let start = Deadline.now()
        let deadline = wait.map { $0 == 0 ? .immediately : Deadline(nanoseconds: start + $0) } ?? .never
        let outcome = try link.receiver.receive(into: &batch, limit: 5, byteLimit: 1 << 16, until: deadline, stop: link.stop)
        return (outcome, Deadline.now() - start)
    }

    private static func sendTimed(_ link: Link, within wait: UInt64?) throws -> (Int, UInt64) {
        var batch = Batch()
        batch.append(numbered(0))
        let start = Deadline.now()
        let deadline = wait.map { $0 == 0 ? .immediately : Deadline(nanoseconds: start + $0) } ?? .never
        let accepted = try link.sender.send(batch, 0..<1, until: deadline, stop: link.stop)
        return (accepted, Deadline.now() - start)
    }

    /// Raises the flag 30 ms from now and tells when it did.
    static func raiseSoon(_ stop: StopFlag) -> Background<UInt64> {
        Background {
            usleep(30_000)
            let now = Deadline.now()
            stop.raise()
            return now
        }
    }
}
