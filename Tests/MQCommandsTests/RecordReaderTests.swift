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
        var error: TransportError?
        /// Where it would go on.
        var end = 0
        var recordsBefore = 0
    }

    private func read(_ input: [UInt8], _ framing: Framing, limit: Int? = nil) throws -> Reading {
        let fixture = Fixture()
        let path = try fixture.directory() + "/input"
        let file = open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
        defer { close(file) }
        guard write(file, input, input.count) == input.count, lseek(file, 0, SEEK_SET) == 0 else {
            throw ConformanceFailure("cannot write \(path)")
        }
        let reader = RecordReader(framing, limit: limit, descriptor: file)
        var reading = Reading()
        do throws(TransportError) {
            while case .records = try reader.next(stop: StopFlag()) {
                reading.bodies += reader.batch.bodies
                for index in 0..<reader.batch.count { reading.positions.append(reader.position(of: index)) }
                if let oversize = reader.oversize { reading.sizes.append(oversize.size) }
                reading.end = reader.endPosition
            }
        } catch {
            reading.error = error
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
}
