import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQCommands

/// Sequence numbers of feeds.
@Suite(.timeLimit(.minutes(1)))
struct SequenceTests {
    private func count(_ place: String, _ messages: [[[UInt8]]]) throws -> (count: SequenceCount, findings: [SequenceCount.Finding]) {
        var count = SequenceCount(try SequencePlace(parsing: place))
        var findings: [SequenceCount.Finding] = []
        for frames in messages {
            let body = Array(frames.joined())
            body.withUnsafeBytes { bytes in
                if let (finding, _) = count.take(bytes, frames: frames.count == 1 ? nil : frames.map(\.count)) { findings.append(finding) }
            }
        }
        return (count, findings)
    }

    private func texts(_ numbers: [String]) -> [[[UInt8]]] { numbers.map { [[0x74], Array($0.utf8)] } }

    @Test func aPlaceIsReadInAnyOrderAndRefusedWithWhatIsWrong() throws {
        #expect(try SequencePlace(parsing: "frame=3,le32").frame == 3)
        let place = try SequencePlace(parsing: "be64,offset=8,frame=1")
        #expect(place.form == .be64 && place.offset == 8 && place.frame == 1)
        for (text, word) in [
            ("le32", "which frame"), ("frame=3", "how the number"), ("frame=0,le32", "'frame=0'"), ("frame=1,le16", "'le16'"), ("", "''"),
            ("frame=1,le32,le32", "'le32'"), ("frame=1,frame=2,le32", "'frame=2'"), ("frame=1,offset=-1,text", "'offset=-1'"),
        ] {
            let error = #expect(throws: TransportError.self) { _ = try SequencePlace(parsing: text) }
            #expect(error?.code == .usage && error?.message.contains(word) == true, "\(text)")
        }
    }

    @Test func eachFormIsReadAtItsPlace() throws {
        let bytes: [UInt8] = [9, 1, 2, 3, 4, 5, 6, 7, 8, 0x31, 0x32, 0x78]
        let read = { (text: String, frames: [Int]) throws in
            let place = try SequencePlace(parsing: text)
            return bytes.withUnsafeBytes { place.number(in: $0, frames: frames) }
        }
        #expect(try read("frame=2,le32", [1, 11]) == 0x0403_0201)
        #expect(try read("frame=2,be32", [1, 11]) == 0x0102_0304)
        #expect(try read("frame=1,offset=1,le64", [12]) == 0x0807_0605_0403_0201)
        #expect(try read("frame=1,offset=1,be64", [12]) == 0x0102_0304_0506_0708)
        #expect(try read("frame=3,text", [1, 8, 3]) == 12)
        // Too short, no such frame, an offset behind the end, no digit.
        for (text, frames) in [
            ("frame=1,le32", [3, 9]), ("frame=3,le32", [3, 9]), ("frame=1,offset=4,text", [3, 9]), ("frame=1,text", [3, 9]),
        ] {
            #expect(try read(text, frames) == nil)
        }
    }

    @Test func gapsDuplicatesAndStepsBackAreTold() throws {
        let seen = try count("frame=2,text", texts(["5", "6", "9", "9", "10", "7", "11", "3", "4", "5", "x", "99999999999999999999"]))
        #expect(
            seen.findings == [
                .gap(missing: 2, after: 6, before: 9), .duplicate(9), .stepBack(to: 7, from: 10), .stepBack(to: 3, from: 11),
            ])
        #expect(seen.count.gaps == 1 && seen.count.missing == 2 && seen.count.duplicates == 1 && seen.count.stepsBack == 2)
        #expect(seen.count.messages == 12 && seen.count.unnumbered == 2 && seen.count.topicCount == 1)
    }

    @Test func behindTheHighestNumberComesZero() throws {
        let feed = { (numbers: [UInt32]) in numbers.map { number in [[0x74], withUnsafeBytes(of: number.littleEndian) { Array($0) }] } }
        #expect(try count("frame=2,le32", feed([.max - 1, .max, 0, 1])).findings.isEmpty)
        #expect(try count("frame=2,le32", feed([.max - 1, 1])).findings == [.gap(missing: 2, after: UInt64(UInt32.max) - 1, before: 1)])
        #expect(try count("frame=2,text", texts(["18446744073709551615", "0"])).findings.isEmpty)
    }

    @Test func eachTopicIsCountedByItselfAndAFirstFrameWithTheNumberHasNone() throws {
        let mixed = ["a1", "b7", "a2", "b8", "a4", "b9"].map { [[$0.utf8.first!], Array($0.utf8.dropFirst())] }
        let seen = try count("frame=2,text", mixed)
        #expect(seen.findings == [.gap(missing: 1, after: 2, before: 4)] && seen.count.topicCount == 2)
        #expect(try count("frame=1,text", ["1 x", "2 y", "3"].map { [Array($0.utf8)] }).findings.isEmpty)
    }

    /// Whatever a publisher sends, nothing traps, and what is missing is what was left out of a feed in order.
    @Test func whatIsLeftOutIsMissing() throws {
        let rounds = try Fuzz.rounds { random, seed in
            let start = UInt32.random(in: 0 ... .max, using: &random)
            var (messages, left, isFirst) = ([[[UInt8]]](), 0, true)
            var pending = 0
            for number in 0..<UInt32(50) {
                if !isFirst && Int.random(in: 0..<4, using: &random) == 0 {
                    pending += 1
                    continue
                }
                (left, pending, isFirst) = (left + pending, 0, false)
                messages.append([[1], [0, 0], withUnsafeBytes(of: (start &+ number).bigEndian) { Array($0) }])
            }
            let seen = try count("frame=3,be32", messages)
            #expect(seen.count.missing == UInt64(left) && seen.count.stepsBack == 0 && seen.count.duplicates == 0, "seed \(seed)")
            let noise = (0..<30).map { _ in
                (0..<Int.random(in: 1...3, using: &random)).map { _ in
                    (0..<Int.random(in: 0...9, using: &random)).map { _ in UInt8.random(in: 0x2f...0x3a, using: &random) }
                }
            }
            for place in ["frame=1,text", "frame=2,le64", "frame=3,offset=3,be32", "frame=2,offset=1,text"] {
                #expect(try count(place, noise).count.messages == 30)
            }
        }
        #expect(rounds > 0)
    }

    @Test func topicsBeyondMeasureAreNotKept() throws {
        let count = SequenceCount.mostTopics + 10
        let seen = try self.count("frame=2,text", (0..<count).map { [Array("\($0)".utf8), [0x31]] })
        #expect(seen.count.topicCount == SequenceCount.mostTopics && seen.count.unwatched == 10)
    }
}
