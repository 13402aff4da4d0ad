import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQBench

@Suite("A JSON tree", .timeLimit(.minutes(1)))
struct JSONTreeTests {
    private static let allNumbers = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude

    @Test("is read as it was written, compact and pretty")
    func identity() throws {
        let rounds = try Fuzz.rounds { random, seed in
            let tree = Self.random(&random, depth: 4)
            for bytes in [try tree.compact(), try tree.pretty()] {
                let read = try JSONTree(parsing: bytes, numbers: Self.allNumbers)
                // Members are in the order of their keys, and whole numbers are integers: written again it is the same.
                #expect(try read.compact() == tree.compact(), "seed \(seed)")
            }
        }
        #expect(rounds > 0)
    }

    @Test("keeps numbers exactly", arguments: [0, 1, -1, 0.1, 1e-300, 1.5e300, .pi, .leastNonzeroMagnitude, Double(1 << 53), -0.0])
    func numbers(number: Double) throws {
        let bytes = try JSONTree.real(number).compact()
        #expect(try Double(JSONTree(parsing: bytes, numbers: Self.allNumbers)) == number)
    }

    private static func random(_ random: inout SeededGenerator, depth: Int) -> JSONTree {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: .string(Sample.text(&random))
        case 1: .integer(Int.random(in: .min ... .max, using: &random))
        case 2: .real(Double.random(in: -1e9...1e9, using: &random))
        case 3: .bool(Bool.random(using: &random))
        case 4: .null
        case 5: .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in Self.random(&random, depth: depth - 1) })
        default:
            .object(
                (0..<Int.random(in: 0..<5, using: &random)).map {
                    JSONMember(key: "\($0)" + Sample.text(&random), value: Self.random(&random, depth: depth - 1))
                })
        }
    }
}
