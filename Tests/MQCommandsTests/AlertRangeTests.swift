import MQCore
import MQTesting
import Testing

@testable import MQCommands

/// Ranges as plugins of Nagios have them.
@Suite(.timeLimit(.minutes(1)))
struct AlertRangeTests {
    private static func range(_ text: String) throws -> AlertRange {
        try AlertRange(parsing: text, "--depth") { Quantity.bytes($0).map(Double.init) }
    }

    @Test(
        "A range alerts outside of it, with @ inside",
        arguments: [
            ("10", [0.0, 10], [-1.0, 11]), ("10:", [10, 1e9], [9]), ("~:10", [-1e9, 10], [11]), ("10:20", [10, 20], [9, 21]),
            ("@10:20", [9, 21], [10, 20]),
            ("1k", [1024], [1025]),
        ])
    func parts(text: String, good: [Double], bad: [Double]) throws {
        let range = try Self.range(text)
        for value in good { #expect(range.state(value) == .ok, "\(value)") }
        for value in bad { #expect(range.state(value) == .critical, "\(value)") }
    }

    @Test("Two ranges are warning and critical; the smaller one second means that little is bad")
    func pairs() throws {
        let high = try Self.range("10,20")
        #expect([10, 11, 21].map { high.state($0) } == [.ok, .warning, .critical])
        let low = try Self.range("10,2")
        #expect([10, 9, 1].map { low.state($0) } == [.ok, .warning, .critical])
        #expect(low.critical.text == "2:" && low.warning?.text == "10:")
    }

    @Test("What is printed behind a figure has no exponent, however small", arguments: ["0.00005", "0.5", "7", "1000000"])
    func text(number: String) throws {
        #expect(try AlertRange(parsing: number, "--warn") { Double($0) }.critical.text == number)
    }

    @Test(
        "What is not a range is refused with its place",
        arguments: [("", 1), ("x", 1), ("1:x", 3), ("x:1", 1), ("2:1", 1), ("1,", 3), ("@", 2), ("1,2,3", 4)])
    func bad(text: String, place: Int) {
        let error = failure { try Self.range(text) }
        #expect(error?.code == .usage && error?.message.contains("character \(place):") == true, "\(error?.message ?? "none")")
    }

    @Test func whateverIsTypedIsUnderstoodOrRefused() {
        let pieces = ["1", "20", ":", "~", "@", ",", "x", "k", ".", "-", ""]
        let rounds = Fuzz.rounds(for: .milliseconds(100)) { random, seed in
            let text = (0..<Int.random(in: 0...7, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()
            let error = failure { _ = try Self.range(text).state(5) }
            #expect(error == nil || error?.code == .usage, "seed \(seed): \(text)")
        }
        #expect(rounds > 10)
    }
}
