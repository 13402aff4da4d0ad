import CBytes
import MQCore
import MQTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RecordFuzzTests {
    private static let alphabet: [UInt8] = Array("aab\r\n\0,:0123x".utf8) + [0xff]

    /// Whatever comes: no crash, and the same records however it was cut.
    @Test(arguments: Framing.streams + [.whole])
    func randomBytesDoNoHarm(framing: Framing) {
        let rounds = Fuzz.rounds(for: .milliseconds(400)) { random, seed in
            let input = random.bytes(upTo: 200, of: seed % 4 == 0 ? nil : Self.alphabet)
            let limit = Bool.random(using: &random) ? Int.random(in: 0...20, using: &random) : nil
            let expected = Records(framing, input, limit: limit)
            let pieces = random.pieces(input, upTo: 8)
            #expect(Records(framing, pieces, limit: limit) == expected, "seed \(seed)")
            if limit == nil { #expect(expected.oversizes.isEmpty, "seed \(seed)") }
        }
        #expect(rounds > 0)
    }

    @Test(arguments: Framing.streams)
    func encodingAndDecodingIsTheIdentity(framing: Framing) {
        let rounds = Fuzz.rounds(for: .milliseconds(400)) { random, seed in
            let count = Int.random(in: 0...20, using: &random)
            let bodies = (0..<count).map { _ in random.bytes(upTo: 40, of: seed % 2 == 0 ? nil : Self.alphabet) }.filter(framing.carries)
            let input = framing.encoded(bodies)
            let records = Records(framing, random.pieces(input, upTo: 30))
            #expect(records.bodies == bodies, "seed \(seed)")
            #expect(records.error == nil, "seed \(seed)")
        }
        #expect(rounds > 0)
    }

    /// Terminators are looked for in several ways, by how far apart they are.
    @Test func linesOfAnyLengthAreFound() {
        let rounds = Fuzz.rounds(for: .milliseconds(400)) { random, seed in
            let bodies = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                [UInt8](repeating: 7, count: [0, 1, 15, 63, 64, 65, 255, 256, 300, 2000].randomElement(using: &random)!)
            }
            let input = Framing.lines.encoded(bodies)
            let records = Records(.lines, random.pieces(input, upTo: 700))
            #expect(records.bodies == bodies, "seed \(seed)")
            let limit = Int.random(in: 0...300, using: &random)
            let limited = Records(.lines, random.pieces(input, upTo: 700), limit: limit)
            #expect(limited.bodies == bodies.map { $0.count > limit ? [] : $0 }, "seed \(seed)")
        }
        #expect(rounds > 0)
    }

    @Test func bytesAreComparedAlikeByWordsAndByVectors() {
        let rounds = Fuzz.rounds(for: .milliseconds(100)) { random, seed in
            let wanted = UInt8.random(in: 0...255, using: &random)
            let bytes = (0..<64).map { _ in [wanted, wanted ^ 1, wanted ^ 0x80, 0, 0xff].randomElement(using: &random)! }
            let mask = bytes.enumerated().reduce(UInt64(0)) { $0 | ($1.element == wanted ? 1 << UInt64($1.offset) : 0) }
            #expect(cbytes_equal(bytes, wanted) == mask, "seed \(seed)")
            #expect(cbytes_equal_by_words(bytes, wanted) == mask, "seed \(seed)")
            let many = random.bytes(upTo: 9000, of: [wanted, wanted ^ 1])
            #expect(cbytes_count(many, many.count, wanted) == many.count { $0 == wanted }, "seed \(seed)")
        }
        #expect(rounds > 0)
    }

    /// What stands between the bodies decides nothing.
    @Test func aTerminatorIsFoundInBodiesOnly() {
        let rounds = Fuzz.rounds(for: .milliseconds(200)) { random, seed in
            var batch = Batch(gap: .init(after: 1), byteCapacity: 256)
            var first: Int?
            for _ in 0..<2 {
                batch.removeAll()
                first = nil
                for index in 0..<Int.random(in: 1...20, using: &random) {
                    var body = [UInt8](repeating: 1, count: Int.random(in: 0...90, using: &random))
                    if !body.isEmpty && Int.random(in: 0..<20, using: &random) == 0 {
                        body[Int.random(in: body.indices, using: &random)] = 0x0a
                        first = first ?? index
                    }
                    batch.append(body)
                }
                let found = batch.firstContaining([0x0a])
                #expect(found == first, "seed \(seed)")
                // The next bodies lie where these terminators were.
                batch.writeTerminators([0x0a])
                let again = batch.firstContaining([0x0a])
                #expect(again == first, "seed \(seed)")
            }
        }
        #expect(rounds > 0)
    }

    /// The receiving side completes records in place; what it makes must be what the sending side reads.
    @Test(arguments: Framing.streams.filter { $0.gap != nil })
    func completingInPlaceIsTheSame(framing: Framing) {
        let rounds = Fuzz.rounds(for: .milliseconds(200)) { random, seed in
            var batch = Batch(gap: framing.gap!, byteCapacity: 256)
            var bodies: [[UInt8]] = []
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                let body = random.bytes(upTo: 100)
                guard framing.carries(body) else { continue }
                batch.append(body)
                bodies.append(body)
            }
            if let terminator = framing.terminator { batch.writeTerminators(terminator) } else { batch.writeLengths() }
            let image = Array(batch.image)
            #expect(image == framing.encoded(bodies), "seed \(seed)")
        }
        #expect(rounds > 0)
    }

    @Test(arguments: Framing.streams)
    func oversizedRecordsLeaveTheOthersAlone(framing: Framing) {
        let rounds = Fuzz.rounds(for: .milliseconds(400)) { random, seed in
            let limit = Int.random(in: 0...30, using: &random)
            let bodies = (0..<Int.random(in: 0...15, using: &random)).map { _ in random.bytes(upTo: 60) }.filter(framing.carries)
            let records = Records(framing, random.pieces(framing.encoded(bodies), upTo: 50), limit: limit)
            #expect(records.bodies == bodies.map { $0.count > limit ? [] : $0 }, "seed \(seed)")
            #expect(
                records.oversizes == bodies.enumerated().filter { $1.count > limit }.map { .init(index: $0, size: $1.count) },
                "seed \(seed)")
            #expect(records.positions == bodies.indices.map { framing.encoded(Array(bodies[..<$0])).count }, "seed \(seed)")
        }
        #expect(rounds > 0)
    }
}
