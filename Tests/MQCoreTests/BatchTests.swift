import MQCore
import Testing

@Suite(.timeLimit(.minutes(1)))
struct BatchTests {
    @Test func gapsAreKeptFreeAroundEveryBody() {
        var batch = Batch(gap: .init(before: 4, after: 2))
        batch.append("abc".bytes)
        batch.append([])
        batch.append("d".bytes)
        var offsets: [Int] = []
        for index in 0..<3 { offsets.append(batch.offset(of: index)) }
        #expect(offsets == [4, 13, 19])
        let (used, image, bodies, payload) = (batch.byteCount, batch.image.count, batch.bodies, batch.payloadBytes(0..<3))
        #expect(used == 22)
        #expect(image == 22)
        #expect(bodies == ["abc".bytes, [], "d".bytes])
        #expect(payload == 4)
    }

    @Test func growthKeepsWhatIsThere() {
        var batch = Batch(gap: .init(before: 1, after: 1), byteCapacity: 256)
        var expected: [[UInt8]] = []
        for number in 0..<1000 {
            let body = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number % 300)
            batch.append(body)
            expected.append(body)
        }
        let bodies = batch.bodies
        #expect(bodies == expected)
    }

    @Test func reserveAloneLeavesNoTrace() {
        var batch = Batch()
        _ = batch.reserve(100_000)
        let (count, used) = (batch.count, batch.byteCount)
        #expect(count == 0)
        #expect(used == 0)
        batch.reserve(10).storeBytes(of: 0x61, as: UInt8.self)
        batch.commit(1)
        let bodies = batch.bodies
        #expect(bodies == ["a".bytes])
    }

    /// System V writes `mtype` there.
    @Test func bytesBeforeTheFirstBodyMayBeWritten() {
        var batch = Batch(byteCapacity: 256)
        batch.append("x".bytes)
        (batch.start(of: 0) - Batch.reserveBefore).storeBytes(of: 7, as: Int64.self)
        batch.append([UInt8](repeating: 1, count: 5000))
        let (kept, first) = ((batch.start(of: 0) - Batch.reserveBefore).loadUnaligned(as: Int64.self), batch.bodies[0])
        #expect(kept == 7)
        #expect(first == "x".bytes)
    }

    @Test func propertiesBelongToTheMessageCommittedLast() {
        var batch = Batch()
        for number in 0..<5 {
            batch.append([])
            guard number % 2 == 1 else { continue }
            var properties = MessageProperties()
            properties.priority = number
            batch.setProperties(properties)
        }
        var priorities: [Int?] = []
        for index in 0..<5 { priorities.append(batch.properties(of: index).priority) }
        #expect(priorities == [nil, 1, nil, 3, nil])
        batch.removeAll()
        batch.append([])
        let (some, first) = (batch.hasProperties, batch.properties(of: 0))
        #expect(!some)
        #expect(first == MessageProperties())
    }

    @Test func refillMovesWhatBelongsToNoRecord() {
        var batch = Batch(byteCapacity: 256)
        fill(&batch, "one\ntwo\nthr".bytes)
        batch.markRecord(offset: 0, size: 3, consumed: 4)
        batch.markRecord(offset: 0, size: 3, consumed: 4)
        var properties = MessageProperties()
        properties.priority = 1
        batch.setProperties(properties)
        let before = batch.bodies
        #expect(before == ["one".bytes, "two".bytes])
        fill(&batch, "ee\n".bytes)
        let (count, some, rest) = (batch.count, batch.hasProperties, Array(batch.unframed))
        #expect(count == 0)
        #expect(!some)
        #expect(rest == "three\n".bytes)
        batch.skipUnframed(2)
        batch.markRecord(offset: 1, size: 2, consumed: 4)
        let (after, left) = (batch.bodies, batch.unframed.count)
        #expect(after == ["ee".bytes])
        #expect(left == 0)
    }

    @Test func refillGivesTheRoomAskedFor() {
        var batch = Batch(byteCapacity: 256)
        for round in 1...20 {
            let room = batch.prepareRefill(minimum: 1000)
            #expect(room.count >= 1000)
            room.copyBytes(from: [UInt8](repeating: UInt8(round), count: 1000))
            batch.refilled(1000)
        }
        let bytes = Array(batch.unframed)
        #expect(bytes == (1...20).flatMap { [UInt8](repeating: UInt8($0), count: 1000) })
    }

    @Test func onlyWholeRecordsCountAsWithin() {
        var batch = Batch(gap: .init(before: 4, after: 1))
        for body in ["ab", "", "c"] { batch.append(body.bytes) }
        // Records end at 7, 12 and 18.
        var counts: [Int] = []
        for bytes in [0, 6, 7, 11, 12, 17, 18, 100] { counts.append(batch.messagesWithin(bytes)) }
        #expect(counts == [0, 0, 1, 1, 2, 2, 3, 3])
    }

    @Test func terminatorsAreWrittenBehindBodies() {
        for terminator in [[0x0a], [0x0d, 0x0a], "END".bytes] as [[UInt8]] {
            var batch = Batch(gap: .init(after: terminator.count))
            for body in ["a", "", "bc"] { batch.append(body.bytes) }
            batch.writeTerminators(terminator)
            let image = Array(batch.image)
            #expect(image == "a".bytes + terminator + terminator + "bc".bytes + terminator)
        }
    }

    @Test func lengthsAreWrittenBigEndian() {
        var batch = Batch(gap: .init(before: 4))
        batch.append([UInt8](repeating: 9, count: 258))
        batch.append([])
        batch.writeLengths()
        let image = Array(batch.image)
        #expect(image == [0, 0, 1, 2] + [UInt8](repeating: 9, count: 258) + [0, 0, 0, 0])
    }

    @Test func theFirstBodyWithATerminatorIsFound() {
        var batch = Batch(gap: .init(after: 1))
        for body in ["ab", "", "aab", "a\n"] { batch.append(body.bytes) }
        var found: [Int?] = []
        // Over the border between two bodies ("ba") is not in a body.
        for terminator in ["\n", "aab", "b", "ba", "\0"] { found.append(batch.firstContaining(terminator.bytes)) }
        #expect(found == [3, 2, 0, nil, nil])
    }

    private func fill(_ batch: inout Batch, _ bytes: [UInt8]) {
        batch.prepareRefill(minimum: bytes.count).copyBytes(from: bytes)
        batch.refilled(bytes.count)
    }
}
