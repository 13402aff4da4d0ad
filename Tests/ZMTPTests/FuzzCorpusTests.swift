import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

/// What a fuzzer guided by coverage found to reach something new, kept so that every run reaches it again. Each line of `FuzzCorpus.txt` is
/// a target and its bytes in base64; `Scripts/fuzz` finds more.
@Suite("The corpus of the fuzzer", .timeLimit(.minutes(1)))
struct FuzzCorpusTests {
    private static let path = #filePath.replacing("FuzzCorpusTests.swift", with: "FuzzCorpus.txt")

    private func corpus(of target: FuzzTarget) throws -> [[UInt8]] {
        let text = String(decoding: try LocalFile.contents(of: Self.path, limit: 1 << 20), as: UTF8.self)
        return try text.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0[0] == target.rawValue }.map { words in
            try #require(Base64.decode(words[1].utf8), "not base64: \(words[1])")
        }
    }

    @Test("does no harm", arguments: FuzzTarget.allCases)
    func replay(target: FuzzTarget) throws {
        let inputs = try corpus(of: target)
        #expect(inputs.count > 20, "\(inputs.count)")
        for bytes in inputs { target.run(bytes) }
    }

    @Test("does none when it is changed at random", arguments: FuzzTarget.allCases)
    func mutate(target: FuzzTarget) throws {
        let inputs = try corpus(of: target)
        let rounds = try Fuzz.rounds { generator, _ in
            var bytes = try #require(inputs.randomElement(using: &generator))
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0...bytes.count, using: &generator)
                if place < bytes.count, Bool.random(using: &generator) {
                    bytes[place] = UInt8.random(in: 0...255, using: &generator)
                } else if place < bytes.count, Bool.random(using: &generator) {
                    bytes.remove(at: place)
                } else {
                    bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                }
            }
            target.run(bytes)
        }
        #expect(rounds > 10)
    }
}
