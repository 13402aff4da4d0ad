import MQCore

extension Conformance {
    /// Batches are filled and emptied exactly as asked.
    static let batches: [ConformanceCheck] = [
        ConformanceCheck("a range of a batch is sent, and nothing else of it") { subject in
            try Link.with(subject) { link in
                var batch = Batch()
                for number in 0..<6 { batch.append(numbered(number)) }
                try link.send(batch, 2..<5)
                try link.send(batch, 3..<3)
                try require(Set(try link.receive(3)) == Set((2..<5).map(numbered)), "other bodies")
                try link.expectNothing()
            }
        },
        ConformanceCheck("records are sent from a read buffer that is left as it was") { subject in
            try Link.with(subject) { link in
                let text = utf8("first\nsecond\n\nlast of them\n")
                var batch = Batch()
                let room = batch.prepareRefill(minimum: text.count)
                room.copyBytes(from: text)
                batch.refilled(text.count)
                for (size, consumed) in [(5, 6), (6, 7)] { batch.markRecord(offset: 0, size: size, consumed: consumed) }
                batch.skipUnframed(1)
                batch.markRecord(offset: 0, size: 12, consumed: 13)
                try link.send(batch)
                try require(Array(batch.image) == text, "the buffer was changed")
                let sent = [utf8("first"), utf8("second"), utf8("last of them")]
                try require(Set(try link.receive(3)) == Set(sent), "other bodies")
            }
        },
        ConformanceCheck("a batch keeps what it holds, and its gaps, when more is received") { subject in
            try Link.with(subject) { link in
                var batch = Batch(gap: Batch.Gap(before: 9, after: 2), byteCapacity: 256)
                batch.append(utf8("there before"))
                var expected = [utf8("there before")]
                for round in 0..<4 {
                    try link.send([numbered(round)])
                    let outcome = try link.receiver.receive(into: &batch, limit: 5, byteLimit: 1 << 16, until: link.soon, stop: link.stop)
                    expected.append(numbered(round))
                    try require(outcome == .received && batch.bodies == expected, "\(outcome), other bodies in round \(round)")
                    try link.receiver.settle(round..<round + 1, as: .acknowledge)
                }
                for index in 1..<batch.count {
                    let end = batch.offset(of: index - 1) + batch.size(of: index - 1)
                    try require(batch.offset(of: index) - end == 11, "no gap before message \(index)")
                }
            }
        },
        ConformanceCheck("no call gives more than its limit, and none of it is lost") { subject in
            try Link.with(subject) { link in
                try link.send((0..<8).map(numbered))
                var bodies: [[UInt8]] = []
                for limit in [1, 3, 1, 2, 1] { bodies += try link.receive(limit) }
                try require(Set(bodies) == Set((0..<8).map(numbered)), "other bodies")
            }
        },
        ConformanceCheck("a receiver that leaves took exactly what it gave", if: { $0.has(.exactCount) }) { subject in
            try Link.with(subject) { link in
                try link.send((0..<8).map(numbered))
                var batch = Batch()
                try link.collect(3, into: &batch, acknowledging: true)
                try link.receiver.close(until: link.soon, stop: link.stop)
                var opening = Opening(stop: link.stop)
                opening.deadline = link.soon
                let second = try link.queue.receiving.openReceiver(opening)
                let all = batch.bodies + (try link.receive(5, from: second))
                try require(Set(all) == Set((0..<8).map(numbered)) && all.count == 8, "other bodies")
                try require(!subject.keepsOrder || all == (0..<8).map(numbered), "another order")
            }
        },
        ConformanceCheck("byteLimit bounds a call, and lets one message pass whatever its size") { subject in
            try Link.with(subject) { link in
                try link.send((0..<8).map(numbered))
                var batch = Batch()
                var sizes: [Int] = []
                while sizes.reduce(0, +) < 8 {
                    batch.removeAll()
                    let limit = sizes.isEmpty ? 1 : 250
                    let outcome = try link.receiver.receive(into: &batch, limit: 8, byteLimit: limit, until: link.soon, stop: link.stop)
                    try require(outcome == .received && batch.count > 0, "\(outcome) with \(batch.count) messages")
                    // "About": what was fetched together may go one message over.
                    try require(batch.count <= limit / 100 + 1, "\(batch.count) messages of 100 bytes for a limit of \(limit)")
                    try link.receiver.settle(last: batch.count, as: .acknowledge)
                    sizes.append(batch.count)
                }
            }
        },
        ConformanceCheck("what was accepted is confirmed after a flush") { subject in
            try Link.with(subject) { link in
                try require(link.sender.confirmed == 0, "\(link.sender.confirmed) confirmed before anything was sent")
                try link.send((0..<5).map(numbered))
                try require(link.sender.confirmed == 5, "\(link.sender.confirmed) of 5 confirmed")
                try link.send([numbered(5)])
                try require(link.sender.confirmed == 6, "\(link.sender.confirmed) of 6 confirmed")
                _ = try link.receive(6)
            }
        },
    ]
}
