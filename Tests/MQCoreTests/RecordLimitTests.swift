import MQCore
import MQStandIns
import MQTesting
import Testing

/// Records that are longer than the queue allows.
@Suite(.timeLimit(.minutes(1)))
struct RecordLimitTests {
    private func body(_ size: Int, _ byte: Character = "x") -> [UInt8] { [UInt8](repeating: byte.asciiValue!, count: size) }

    @Test(arguments: Framing.streams)
    func anEmptyMessageStandsForARecordThatIsTooLong(framing: Framing) {
        let bodies = [body(3), body(11), body(10), body(500), body(12), [], body(10)]
        let input = framing.encoded(bodies)
        for pieces in [[input], input.map { [$0] }, [Array(input.prefix(20)), Array(input.dropFirst(20))]] {
            let records = Records(framing, pieces, limit: 10)
            #expect(records.error == nil)
            #expect(records.bodies == [body(3), [], body(10), [], [], [], body(10)])
            #expect(records.oversizes == [.init(index: 1, size: 11), .init(index: 3, size: 500), .init(index: 4, size: 12)])
        }
    }

    /// The stand-in's position is where the record began, however many reads ago.
    @Test(arguments: Framing.streams)
    func everyPositionIsAPlaceToResume(framing: Framing) {
        let bodies = [body(30), body(3), body(11), body(50), [], body(4), body(40)]
        let input = framing.encoded(bodies)
        let starts = (0..<bodies.count).map { framing.encoded(Array(bodies[..<$0])).count }
        for size in [1, 2, 3, 7, 16, 1000] {
            var random = SeededGenerator(seed: UInt64(size))
            #expect(Records(framing, random.pieces(input, upTo: size), limit: 10).positions == starts, "pieces up to \(size)")
        }
    }

    /// All of it was read at once, and the end of input came before the second one was looked at.
    @Test(arguments: Framing.streams)
    func nothingIsLostBehindSeveralOfThem(framing: Framing) {
        let records = Records(framing, framing.encoded([body(20), body(21), body(22), body(1), body(2)]), limit: 10)
        #expect(records.bodies == [[], [], [], body(1), body(2)])
        #expect(records.oversizes.map(\.size) == [20, 21, 22])
    }

    @Test(arguments: Framing.streams + [.whole])
    func memoryDoesNotGrowWithTheRecord(framing: Framing) {
        let size = 4 << 20
        let input = framing.encoded([body(size), body(5)])
        let pieces = stride(from: 0, to: input.count, by: 4096).map { Array(input[$0..<min($0 + 4096, input.count)]) }
        let records = Records(framing, pieces, limit: 1000)
        #expect(records.capacity <= 1 << 15)
        if framing == .whole {
            #expect(records.oversizes == [.init(index: 0, size: size + 5)])
            #expect(records.bodies == [[]])
        } else {
            #expect(records.oversizes == [.init(index: 0, size: size)])
            #expect(records.bodies == [[], body(5)])
        }
    }

    @Test(arguments: [Framing.lines, .nul, .delimiter("aab".bytes)])
    func theLastRecordMayBeTooLongAndWithoutItsEnd(framing: Framing) {
        let input = framing.encoded([body(2)]) + body(25)
        for pieces in [[input], input.map { [$0] }] {
            let records = Records(framing, pieces, limit: 10)
            #expect(records.bodies == [body(2), []])
            #expect(records.oversizes == [.init(index: 1, size: 25)])
        }
    }

    @Test(arguments: [Framing.len32, .netstring])
    func truncationInsideADroppedRecordIsAnError(framing: Framing) {
        let input = framing.encoded([body(2), body(25)]).dropLast(10)
        for pieces in [[Array(input)], input.map { [$0] }] {
            let records = Records(framing, pieces, limit: 10)
            #expect(records.bodies == [body(2)])
            #expect(records.error == "input ends inside a record: \(framing == .len32 ? 15 : 16) of 25 bytes")
        }
    }

    @Test func aDroppedNetstringMustEndInItsComma() {
        let sentence = "a netstring ends with a comma, which is missing"
        #expect(Records(.netstring, "11:xxxxxxxxxxx;".bytes, limit: 10).error == sentence)
        #expect(Records(.netstring, "11:xxxxxxxxxxx;".bytes.map { [$0] }, limit: 10).error == sentence)
    }

    @Test(arguments: Framing.streams)
    func aLimitOfNothingKeepsEmptyRecords(framing: Framing) {
        let records = Records(framing, framing.encoded([[], body(1), []]), limit: 0)
        #expect(records.bodies == [[], [], []])
        #expect(records.oversizes == [.init(index: 1, size: 1)])
    }

    @Test func aWholeWithinTheLimitIsKept() {
        #expect(Records(.whole, [body(5), body(5)], limit: 10) == Records(.whole, body(10)))
    }
}
