import MQCore
import MQTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RecordParserTests {
    // MARK: - What is a record

    @Test func newlineIsNotPartOfTheMessage() { #expect(Records(.lines, "a\nbc\n".bytes).bodies == ["a".bytes, "bc".bytes]) }
    @Test func lastLineWithoutNewlineIsARecord() { #expect(Records(.lines, "a\nb".bytes).bodies == ["a".bytes, "b".bytes]) }
    @Test func emptyLineIsAnEmptyMessage() { #expect(Records(.lines, "\n\na\n\n".bytes).bodies == [[], [], "a".bytes, []]) }
    @Test func emptyInputHoldsNoRecords() {
        for framing in Framing.streams { #expect(Records(framing, "".bytes).bodies == [], "\(framing.word)") }
    }
    @Test func carriageReturnBelongsToTheLine() { #expect(Records(.lines, "a\r\n".bytes).bodies == ["a\r".bytes]) }
    @Test func nulEndsARecordAndNewlineDoesNot() { #expect(Records(.nul, "a\nb\0\0c".bytes).bodies == ["a\nb".bytes, [], "c".bytes]) }
    @Test func wholeInputIsOneMessage() { #expect(Records(.whole, ["a\n".bytes, "b\0".bytes]).bodies == ["a\nb\0".bytes]) }
    @Test func emptyInputIsOneEmptyMessageAsAWhole() {
        let records = Records(.whole, "".bytes)
        #expect(records.bodies == [[]])
        #expect(records.positions == [0])
    }

    @Test func delimiterMayOverlapItself() {
        let framing = Framing.delimiter("aab".bytes)
        #expect(Records(framing, "aaab".bytes).bodies == ["a".bytes])
        #expect(Records(framing, "aabaab".bytes).bodies == [[], []])
        #expect(Records(framing, "xaaaabaa".bytes).bodies == ["xaa".bytes, "aa".bytes])
        #expect(Records(.delimiter("aaa".bytes), "aaaa".bytes).bodies == [[], "a".bytes])
    }

    @Test func len32IsBigEndian() {
        #expect(
            Records(.len32, [0, 0, 1, 0] + [UInt8](repeating: 7, count: 256) + [0, 0, 0, 0]).bodies == [
                [UInt8](repeating: 7, count: 256), [],
            ])
    }

    @Test func netstringsAreRead() { #expect(Records(.netstring, "5:hello,0:,3:a,b,".bytes).bodies == ["hello".bytes, [], "a,b".bytes]) }

    // MARK: - What is none

    @Test(arguments: [
        ("x", "a netstring begins with its length in digits and a colon"),
        (":,", "a netstring begins with its length in digits and a colon"),
        ("-1:,", "a netstring begins with its length in digits and a colon"),
        ("1 :a,", "a netstring begins with its length in digits and a colon"),
        ("01:a,", "a netstring's length has no leading zeros"), ("00:,", "a netstring's length has no leading zeros"),
        ("1:ab", "a netstring ends with a comma, which is missing"), ("0:x", "a netstring ends with a comma, which is missing"),
        ("99999999999999999999:a,", "a netstring's length is too large"), ("1", "input ends inside a record's length"),
    ])
    func malformedNetstringsAreNamed(text: String, words: String) {
        let records = Records(.netstring, "2:ok,".bytes + text.bytes)
        #expect(records.bodies == ["ok".bytes])
        #expect(records.error == words)
    }

    @Test(arguments: [Framing.len32, .netstring])
    func truncationIsFoundAtEveryByte(framing: Framing) {
        let first = framing.encoded(["hello".bytes])
        let second = framing.encoded(["world!".bytes])
        for length in 1..<second.count {
            let records = Records(framing, first + second.prefix(length))
            #expect(records.bodies == ["hello".bytes])
            let header = framing == .len32 ? 4 : 2
            let words =
                length < header
                ? "input ends inside a record's length" : "input ends inside a record: \(min(6, length - header)) of 6 bytes"
            #expect(records.error == words)
        }
    }

    @Test func aLyingLengthTakesNoMemory() {
        let records = Records(.len32, [0xff, 0xff, 0xff, 0xff, 1, 2])
        #expect(records.error == "input ends inside a record: 2 of 4,294,967,295 bytes")
        #expect(records.capacity < 1 << 12)
    }

    // MARK: - However it arrives

    static let bodies: [[UInt8]] = [
        "a".bytes, [], "aa".bytes, "hello, world".bytes, [], "xaax".bytes, [0xff, 0xfe], "1:x".bytes, "x".bytes,
    ]

    @Test(arguments: Framing.streams + [.whole])
    func everySplitGivesTheSameRecords(framing: Framing) {
        let bodies = Self.bodies.filter(framing.carries)
        let input = framing.encoded(bodies)
        let expected = Records(framing, input)
        if framing != .whole { #expect(expected.bodies == bodies) }
        #expect(Records(framing, input.map { [$0] }) == expected)
        for cut in 0...input.count {
            #expect(Records(framing, [Array(input[..<cut]), Array(input[cut...])]) == expected, "cut at \(cut)")
            for second in cut...input.count {
                let pieces = [Array(input[..<cut]), Array(input[cut..<second]), Array(input[second...])]
                #expect(Records(framing, pieces) == expected, "cut at \(cut) and \(second)")
            }
        }
    }

    /// What `tail -c +N` gives from a record's position is that record and all behind it.
    @Test(arguments: Framing.streams)
    func everyPositionIsAPlaceToResume(framing: Framing) {
        let input = framing.encoded(Self.bodies.filter(framing.carries))
        for pieces in [[input], input.map { [$0] }, [Array(input.prefix(7)), Array(input.dropFirst(7))]] {
            let records = Records(framing, pieces)
            #expect(records.positions.first == 0)
            for (index, position) in records.positions.enumerated() {
                #expect(Records(framing, Array(input[position...])).bodies == Array(records.bodies[index...]), "record \(index)")
            }
        }
    }
}
