import MQCore
import MQStandIns

extension Conformance {
    /// Every body arrives as it was sent, in order, once.
    static let bytes: [ConformanceCheck] = [
        ConformanceCheck("messages arrive in order", if: \.keepsOrder) { subject in
            try Link.with(subject) { link in
                for round in 0..<20 {
                    let sent = (0..<8).map { numbered(round * 8 + $0) }
                    try link.send(sent)
                    try require(try link.receive(8) == sent, "other bodies or another order in round \(round)")
                }
            }
        },
        ConformanceCheck("every message arrives once") { subject in
            try Link.with(subject) { link in
                let sent = (0..<8).map(numbered)
                try link.send(sent)
                let received = try link.receive(8)
                try require(Set(received) == Set(sent), "other bodies")
                try link.expectNothing()
            }
        },
        ConformanceCheck("all 256 byte values arrive") { subject in
            try Link.with(subject) { link in
                let body = (0...255).map { UInt8($0) }
                try link.send([body, body.reversed()])
                try require(Set(try link.receive(2)) == [body, body.reversed()], "other bodies")
            }
        },
        ConformanceCheck("an empty message arrives, or is refused before it is sent") { subject in
            try Link.with(subject) { link in
                var batch = Batch()
                batch.append([])
                if link.sender.acceptsEmptyMessages {
                    try link.send([[], [1], []])
                    let received = try link.receive(3)
                    try require(received.map(\.count).sorted() == [0, 0, 1], "lengths \(received.map(\.count))")
                } else {
                    try require(link.sender.refusal(in: batch, 0..<1)?.error.code == .unsendable, "not refused")
                }
            }
        },
        ConformanceCheck("the largest message arrives") { subject in
            try Link.with(subject) { link in
                let size = min(link.sender.maximumMessageSize ?? subject.largeMessage, 4 << 20)
                let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                try link.send([body])
                try require(try link.receive(1) == [body], "another body")
            }
        },
        ConformanceCheck("a message one byte too large is refused before anything is sent") { subject in
            try Link.with(subject) { link in
                guard let size = link.sender.maximumMessageSize, size < 64 << 20 else { return }
                var batch = Batch()
                batch.append([1])
                batch.append([UInt8](repeating: 2, count: size + 1))
                batch.append([UInt8](repeating: 3, count: size + 2))
                let refusal = link.sender.refusal(in: batch, 0..<3)
                try require(refusal?.index == 1 && refusal?.error.code == .unsendable, "refusal \(String(describing: refusal))")
                let text = refusal?.error.sentence ?? ""
                let sizes = [size + 1, size].map { Quantity.count($0, "byte") }
                try require(sizes.allSatisfy { text.contains($0) }, "'\(text)' lacks size or limit")
                try require(link.sender.refusal(in: batch, 0..<1) == nil, "a small message is refused")
                try link.expectNothing()
            }
        },
        ConformanceCheck("sizes may go up and down") { subject in
            try Link.with(subject) { link in
                let largest = min(link.sender.maximumMessageSize ?? subject.largeMessage, 1 << 18)
                for size in [1, largest, 2, largest / 2, 1, 100] {
                    let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &+ size) }
                    try link.send([body])
                    try require(try link.receive(1) == [body], "another body of \(size) bytes")
                }
            }
        },
        ConformanceCheck("a long stream arrives whole") { subject in try stream(subject) },
        ConformanceCheck("a thread hit by signals every millisecond loses nothing") { subject in
            try SignalStorm.withInstalledHandler { try stream(subject, underSignals: true) }
        },
    ]

    /// Sends on one thread and receives on another.
    private static func stream(_ subject: ConformanceSubject, underSignals: Bool = false) throws {
        try Link.with(subject) { link in
            let (transport, count) = (link.queue.sending, subject.streamLength)
            let stop = link.stop
            let storm = underSignals ? SignalStorm() : nil
            storm?.addThisThread()
            let sending = Background {
                storm?.addThisThread()
                defer { storm?.removeThisThread() }
                try sendNumbered(count, transport, patience: subject.patience, stop: stop)
            }
            defer { storm?.removeThisThread() }
            var received = 0
            var seen = [Bool](repeating: false, count: count)
            var batch = Batch(gap: Batch.Gap(after: 1))
            while received < count {
                batch.removeAll()
                let outcome = try link.receiver.receive(into: &batch, limit: 500, byteLimit: 1 << 16, until: link.soon, stop: stop)
                try require(outcome == .received, "\(outcome) after \(received) of \(count)")
                for body in batch.bodies {
                    let number = Int(String(decoding: body.prefix { $0 != 0x3a }, as: UTF8.self)) ?? -1
                    try require(0..<count ~= number && body == numbered(number), "a body nobody sent")
                    try require(!seen[number], "message \(number) arrived twice")
                    try require(!subject.keepsOrder || number == received, "message \(number) in place of \(received)")
                    seen[number] = true
                    received += 1
                }
                try link.receiver.settle(last: batch.count, as: .acknowledge)
            }
            try sending.join()
        }
    }

    private static func sendNumbered(_ count: Int, _ transport: any Transport, patience: Duration, stop: StopFlag) throws {
        var opening = Opening(stop: stop)
        opening.deadline = .after(patience)
        let sender = try transport.openSender(opening)
        var batch = Batch()
        var next = 0
        while next < count {
            batch.removeAll()
            for number in next..<min(next + 200, count) { batch.append(numbered(number)) }
            var done = 0
            while done < batch.count {
                let accepted = try sender.send(batch, done..<batch.count, until: .after(patience), stop: stop)
                try require(accepted > 0, "the sender got stuck at message \(next + done)")
                done += accepted
            }
            next += batch.count
        }
        try sender.flush(until: .after(patience), stop: stop)
        try require(sender.confirmed == count, "\(sender.confirmed) of \(count) confirmed")
    }
}
