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
