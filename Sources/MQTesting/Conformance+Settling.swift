import Glibc
import MQCore
import MQStandIns

extension Conformance {
    /// Acknowledging and putting back, where there is such a thing; a refusal in words where there is not.
    static let settling: [ConformanceCheck] = [
        ConformanceCheck("what was acknowledged never comes back") { subject in
            try Link.with(subject) { link in
                try link.send((0..<4).map(numbered))
                _ = try link.receive(4)
                try link.receiver.close(until: link.soon, stop: link.stop)
                let second = try link.queue.receiving.openReceiver(opening(subject.patience))
                var batch = Batch()
                let outcome = try second.receive(
                    into: &batch, limit: 4, byteLimit: 1 << 16, until: .after(.milliseconds(50)), stop: link.stop)
                try require(outcome == .deadlinePassed, "\(outcome) with \(batch.count) messages")
            }
        },
        ConformanceCheck("messages are settled one by one in any order") { subject in
            try Link.with(subject) { link in
                try link.send((0..<6).map(numbered))
                var batch = Batch()
                try link.collect(6, into: &batch)
                for index in [4, 0, 5, 2, 1, 3] { try link.receiver.settle(index..<index + 1, as: .acknowledge) }
                try link.expectNothing()
            }
        },
        ConformanceCheck("messages are settled late and across batches, by their position") { subject in
            try Link.with(subject) { link in
                var batch = Batch()
                for round in 0..<3 {
                    try link.sendApart(2 * round..<2 * round + 2)
                    // Refilled while its messages are unsettled.
                    batch.removeAll()
                    try link.collect(2, into: &batch)
                    try require(link.receiver.handedOver == 2 * (round + 1), "\(link.receiver.handedOver) handed over")
                }
                for positions in [1..<3, 5..<6, 0..<1, 3..<5] { try link.receiver.settle(positions, as: .acknowledge) }
                try link.expectNothing()
                try link.receiver.close(until: link.soon, stop: link.stop)
                let second = try link.queue.receiving.openReceiver(opening(subject.patience))
                let outcome = try second.receive(
                    into: &batch, limit: 9, byteLimit: 1 << 16, until: .after(.milliseconds(50)), stop: link.stop)
                try require(outcome == .deadlinePassed, "\(outcome) though all is settled")
            }
        },
        ConformanceCheck("what is put back from the middle of what is held comes back, and nothing else", if: { $0.has(.requeue) }) {
            subject in
            try Link.with(subject) { link in
                try link.sendApart(0..<6)
                var batch = Batch()
                var bodies: [[UInt8]] = []
                while bodies.count < 6 {
                    batch.removeAll()
                    try link.collect(min(2, 6 - bodies.count), into: &batch)
                    bodies += batch.bodies
                }
                // Over the edge of two batches, and one that was settled in between.
                try link.receiver.settle(3..<4, as: .acknowledge)
                try link.receiver.settle(1..<3, as: .requeue(after: .zero))
                try require(Set(try link.receive(2)) == [bodies[1], bodies[2]], "other bodies")
                try link.receiver.settle(4..<6, as: .acknowledge)
                try link.receiver.settle(0..<1, as: .acknowledge)
                try link.expectNothing()
            }
        },
        ConformanceCheck("what is left unsettled comes back", if: { $0.has(.acknowledge) }) { subject in
            try Link.with(subject) { link in
                try link.send((0..<4).map(numbered))
                var batch = Batch()
                try link.collect(4, into: &batch)
                try link.receiver.settle(1..<2, as: .acknowledge)
                try link.receiver.close(until: link.soon, stop: link.stop)
                let second = try link.queue.receiving.openReceiver(opening(subject.patience))
                let rest = Set(batch.bodies).subtracting([Array(batch.bytes(of: 1))])
                try require(Set(try link.receive(3, from: second)) == rest, "other bodies")
            }
        },
        ConformanceCheck("what is put back is delivered again", if: { $0.has(.requeue) }) { subject in
            try Link.with(subject) { link in
                try link.send([numbered(1), numbered(2)])
                var batch = Batch()
                batch.wantsProperties = true
                try link.collect(2, into: &batch)
                try link.receiver.settle(0..<2, as: .requeue(after: .zero))
                let first = batch.properties(of: 0).attempts
                batch.removeAll()
                try link.collect(2, into: &batch, acknowledging: true)
                try require(Set(batch.bodies) == [numbered(1), numbered(2)], "other bodies")
                if let first { try require(batch.properties(of: 0).attempts == first + 1, "attempts are not counted") }
            }
        },
        ConformanceCheck("putting back is refused in words", if: { !$0.has(.requeue) && $0.has(.receive) }) { subject in
            try Link.with(subject) { link in
                try link.send([numbered(1)])
                var batch = Batch()
                try link.collect(1, into: &batch)
                try expect(.unsupported, doing: "requeue") {
                    try link.receiver.settle(0..<1, as: .requeue(after: .zero))
                }
            }
        },
        ConformanceCheck("peeking shows every message in order and leaves it", if: { $0.has(.peek) }) { subject in
            try Link.with(subject) { link in
                let sent = (0..<6).map(numbered)
                try link.send(sent)
                var asking = opening(subject.patience)
                asking.mode = .peek
                for limit in [1, 4, 100] {
                    let peeker = try link.queue.receiving.openReceiver(asking)
                    var batch = Batch()
                    var outcome = Outcome.received
                    while outcome == .received {
                        let before = batch.count
                        outcome = try peeker.receive(into: &batch, limit: limit, byteLimit: 1 << 16, until: link.soon, stop: link.stop)
                        try require(batch.count - before <= limit, "more than the limit")
                        if batch.count > before { try peeker.settle(last: batch.count - before, as: .acknowledge) }
                    }
                    try require(outcome == .ended, "\(outcome) behind the last message")
                    try require(batch.bodies == sent, "other bodies, \(batch.count) of 6, with limit \(limit)")
                }
                try require(try link.receive(6) == sent, "peeking changed the queue")
                let peeker = try link.queue.receiving.openReceiver(asking)
                var batch = Batch()
                let outcome = try peeker.receive(into: &batch, limit: 5, byteLimit: 1 << 16, until: .immediately, stop: link.stop)
                try require(outcome == .ended, "\(outcome) for an empty queue")
            }
        },
        ConformanceCheck("peeking is refused in words", if: { !$0.has(.peek) && $0.has(.receive) }) { subject in
            let queue = try subject.makeQueue()
            defer { queue.cleanUp() }
            var asking = opening(subject.patience)
            asking.mode = .peek
            try expect(.unsupported, doing: "peek") { _ = try queue.receiving.openReceiver(asking) }
        },
        ConformanceCheck("a receiver ends when the last sender has gone", if: { $0.has(.untilClosed) }) { subject in
            let queue = try subject.makeQueue()
            defer { queue.cleanUp() }
            var asking = opening(subject.patience)
            asking.endsWithLastSender = true
            let receiver = try queue.receiving.openReceiver(asking)
            let (transport, patience) = (queue.sending, subject.patience)
            let sending = Background {
                let sender = try transport.openSender(opening(patience))
                var batch = Batch()
                for number in 0..<3 { batch.append(numbered(number)) }
                _ = try sender.send(batch, 0..<3, until: .after(patience), stop: StopFlag())
                try sender.flush(until: .after(patience), stop: StopFlag())
                usleep(20_000)
            }
            var batch = Batch()
            var outcome = Outcome.received
            let end = Deadline.after(patience)
            while outcome == .received {
                let before = batch.count
                outcome = try receiver.receive(into: &batch, limit: 9, byteLimit: 1 << 16, until: end, stop: StopFlag())
                try receiver.settle(last: batch.count - before, as: .acknowledge)
            }
            try sending.join()
            try require(outcome == .ended && batch.count == 3, "\(outcome) after \(batch.count) of 3 messages")
        },
    ]
}
