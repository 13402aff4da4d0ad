import Glibc
import MQCore
import MQTesting
import Testing

@testable import MQCommands

@Suite(.timeLimit(.minutes(1)))
struct RecordReaderTests {
    /// Everything that a reader says until the end, or until it throws.
    private struct Reading {
        var bodies: [[UInt8]] = []
        var positions: [Int] = []
        var sizes: [Int] = []
        var frames: [[Int]?] = []
        var error: TransportError?
        /// Where it would go on.
        var end = 0
        var recordsBefore = 0
    }

    private func read(
        _ input: [UInt8], _ framing: Framing, limit: Int? = nil, assembly: FrameAssembly? = nil
    ) throws -> Reading {
        let fixture = Fixture()
        let path = try fixture.directory() + "/input"
        let file = open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
        defer { close(file) }
        guard write(file, input, input.count) == input.count, lseek(file, 0, SEEK_SET) == 0 else {
            throw ConformanceFailure("cannot write \(path)")
        }
        let reader = RecordReader(framing, assembly: assembly, limit: limit, descriptor: file)
        var reading = Reading()
        do throws(TransportError) {
            while case .records = try reader.next(stop: StopFlag()) {
                reading.bodies += reader.batch.bodies
                for index in 0..<reader.batch.count { reading.positions.append(reader.position(of: index)) }
                for index in 0..<reader.batch.count { reading.frames.append(reader.batch.properties(of: index).frames) }
                if let oversize = reader.oversize { reading.sizes.append(oversize.size) }
                reading.end = reader.endPosition
            }
        } catch {
            reading.error = error
            reading.end = reader.endPosition
        }
        reading.recordsBefore = reader.recordsBefore
        return reading
    }

    @Test func linesComeWithTheirPlaces() throws {
        let reading = try read("a\n\nbcd\nlast".bytes, .lines)
        #expect(reading.bodies == ["a", "", "bcd", "last"].map(\.bytes))
        #expect(reading.positions == [0, 2, 3, 7])
        #expect(reading.end == 11)
        #expect(reading.recordsBefore == 4)
    }

    @Test func emptyInputIsNothingOrOneWhole() throws {
        #expect(try read([], .lines).bodies == [])
        #expect(try read([], .jsonl).bodies == [])
        #expect(try read([], .whole).bodies == [[]])
    }

    @Test func wholeInputIsOneMessageHoweverLong() throws {
        let input = (0..<500_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(try read(input, .whole).bodies == [input])
    }

    /// All of it is in one read, and the end of input comes before the second of them was looked at.
    @Test func nothingIsLostBehindRecordsThatAreTooLong() throws {
        let reading = try read("ok\ntoo long\ntoo long too\nok2\nok3".bytes, .lines, limit: 3)
        #expect(reading.bodies == ["ok", "", "", "ok2", "ok3"].map(\.bytes))
        #expect(reading.positions == [0, 3, 12, 25, 29])
        #expect(reading.sizes == [8, 12])
        #expect(reading.recordsBefore == 5)
    }

    @Test func aRecordOverManyReadsBeginsWhereItBegan() throws {
        let long = [UInt8](repeating: 0x78, count: 1 << 20)
        let reading = try read("ok\n".bytes + long + "\nend\n".bytes, .lines, limit: 100)
        #expect(reading.bodies == ["ok", "", "end"].map(\.bytes))
        #expect(reading.positions == [0, 3, 4 + long.count])
        #expect(reading.sizes == [long.count])
    }

    @Test func blankLinesBetweenJSONRecordsAreNone() throws {
        let reading = try read("{\"body\":\"a\"}\n\n \t\r\n{\"body\":\"b\"}".bytes, .jsonl)
        #expect(reading.bodies == ["a".bytes, "b".bytes])
        #expect(reading.positions == [0, 18])
    }

    /// What was good is delivered first, and the place to resume is the bad line, not what was read behind it.
    @Test func aBadJSONLineIsNamedWithItsPlace() throws {
        let good = "{\"body\":\"a\"}\n"
        let reading = try read((good + "\n" + good + "nonsense\n" + good).bytes, .jsonl)
        #expect(reading.bodies == ["a".bytes, "a".bytes])
        #expect(reading.error?.code == .malformed)
        #expect(reading.end == 2 * good.utf8.count + 1)
        #expect(reading.recordsBefore == 2)
    }

    @Test func truncationComesBehindTheGoodRecords() throws {
        let reading = try read("2:ok,5:hel".bytes, .netstring)
        #expect(reading.bodies == ["ok".bytes])
        #expect(reading.error?.message == "input ends inside a record: 3 of 5 bytes")
        #expect(reading.end == 5)
    }

    @Test func aRaisedFlagEndsTheWait() throws {
        var ends: [CInt] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let stop = StopFlag()
        stop.raise()
        let reader = RecordReader(.lines, limit: nil, descriptor: ends[0])
        guard case .stopped = try reader.next(stop: stop) else {
            Issue.record("not stopped")
            return
        }
    }

    @Test func aClosedInputIsAnError() {
        let reader = RecordReader(.lines, limit: nil, descriptor: 1_000_000)
        #expect(failure { try reader.next(stop: StopFlag()) }?.message == "standard input is closed")
    }

    @Test func recordsBecomeFramesOfMessagesThatBeginWhereTheFirstDoes() throws {
        let reading = try read("a\n\nbcd\ne\nf\n".bytes, .lines, assembly: FrameAssembly(count: 2))
        #expect(reading.bodies == ["a", "bcde"].map(\.bytes) && reading.frames == [[1, 0], [3, 1]])
        #expect(reading.positions == [0, 3] && reading.recordsBefore == 2)
        // The last message is not complete: going on begins with its first record.
        #expect(reading.error?.code == .malformed && reading.error?.message.contains("1 of its 2 frames") == true && reading.end == 9)
        let front = FrameAssembly(first: "to".bytes, hasDelimiter: true)
        let fronted = try read("x\ny".bytes, .lines, assembly: front)
        #expect(fronted.bodies == ["tox", "toy"].map(\.bytes) && fronted.frames == [[2, 0, 1], [2, 0, 1]] && fronted.error == nil)
        let json = try read(#"{"body":"ab","frames":[1,1]}"#.bytes + "\n".bytes + #"{"body":"c"}"#.bytes, .jsonl, assembly: front)
        #expect(json.bodies == ["toab", "toc"].map(\.bytes) && json.frames == [[2, 0, 1, 1], [2, 0, 1]] && json.positions == [0, 29])
    }

    @Test func framesAreThoseOfTheRecordsHoweverTheyAreRead() throws {
        let rounds = try Fuzz.rounds { random, seed in
            let count = Int.random(in: 1...4, using: &random)
            let records = (0..<count * Int.random(in: 1...40, using: &random)).map { _ in
                // Some are longer than what is read at once.
                (0..<(Int.random(in: 0..<20, using: &random) == 0 ? 300_000 : Int.random(in: 0...30, using: &random))).map { _ in
                    UInt8(0x61)
                }
            }
            let reading = try read(records.map { $0 + [0x0a] }.reduce([], +), .lines, assembly: FrameAssembly(count: count))
            let groups = stride(from: 0, to: records.count, by: count).map { Array(records[$0..<$0 + count]) }
            #expect(reading.bodies == groups.map { $0.reduce([], +) }, "seed \(seed)")
            #expect(reading.frames == groups.map { count == 1 ? nil : $0.map(\.count) }, "seed \(seed)")
            #expect(reading.positions == groups.indices.map { groups[..<$0].joined().reduce(0) { $0 + $1.count + 1 } }, "seed \(seed)")
        }
        #expect(rounds > 0)
    }
}
