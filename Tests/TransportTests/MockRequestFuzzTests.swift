import MQTesting
import Testing

@testable import MQStandIns

/// Requests of HTTP as a mock gets them from anybody.
@Suite("what a mock is asked", .timeLimit(.minutes(1)))
struct MockRequestFuzzTests {
    private static func bytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// A request with its body, whole or in chunks.
    private static func request(_ random: inout SeededGenerator) -> (text: [UInt8], path: String, body: [UInt8]) {
        let (path, body) = ("/\(UInt16.random(in: 0 ... .max, using: &random))", bytes(.random(in: 0...300, using: &random), &random))
        var head = "POST \(path)?a=b HTTP/1.1\r\nHost: x\r\n"
        if Bool.random(using: &random) {
            head += "Content-Length: \(body.count)\r\n\r\n"
            return (Array(head.utf8) + body, path, body)
        }
        head += "Transfer-Encoding: chunked\r\n\r\n"
        var (text, rest) = (Array(head.utf8), body[...])
        while !rest.isEmpty {
            let piece = rest.prefix(.random(in: 1...100, using: &random))
            rest = rest.dropFirst(piece.count)
            let end = Bool.random(using: &random) ? ";name=value\r\n" : "\r\n"
            text += Array((String(piece.count, radix: 16, uppercase: .random(using: &random)) + end).utf8) + piece + Array("\r\n".utf8)
        }
        text += Array((Bool.random(using: &random) ? "0\r\nTrailer: x\r\n\r\n" : "0\r\n\r\n").utf8)
        return (text, path, body)
    }

    @Test func isReadAtAnyCut() throws {
        let rounds = try Fuzz.rounds { random, seed in
            let sent = (0..<Int.random(in: 1...3, using: &random)).map { _ in Self.request(&random) }
            var (rest, input, taken) = (sent.flatMap(\.text)[...], [UInt8](), [(path: String, body: [UInt8])]())
            while !rest.isEmpty {
                let piece = rest.prefix(.random(in: 1...200, using: &random))
                rest = rest.dropFirst(piece.count)
                input += piece
                while let request = try HTTPRequest.take(from: &input, invite: {}) { taken.append((request.path, request.body)) }
            }
            #expect(taken.map(\.path) == sent.map(\.path) && taken.map(\.body) == sent.map(\.body) && input.isEmpty, "MQ_FUZZ_SEED=\(seed)")
        }
        #expect(rounds > 0)
    }

    /// Whatever it is, it is read, waited for or refused, and never read beyond its end.
    @Test func damageIsReadWaitedForOrRefused() {
        let rounds = Fuzz.rounds { random, _ in
            var input = Self.request(&random).text + Self.request(&random).text
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: input.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: input[place] = UInt8.random(in: 0...255, using: &random)
                case 1: input.insert(contentsOf: Self.bytes(.random(in: 1...20, using: &random), &random), at: place)
                case 2: input.insert(contentsOf: Array("ffffffffffffffff".utf8), at: place)
                default: input.removeSubrange(place..<min(place + 10, input.count - 1))
                }
            }
            var left = input.count + 1
            while input.count < left {
                left = input.count
                guard (try? HTTPRequest.take(from: &input, invite: {})) as HTTPRequest?? != nil else { break }
            }
        }
        #expect(rounds > 0)
    }
}
