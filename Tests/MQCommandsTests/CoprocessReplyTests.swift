import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQCommands

/// Lines that a coprocess answers with.
struct CoprocessReplyTests {
    @Test(
        arguments: [
            ("ok", .ok), ("ok\r", .ok), ("retry", .retry(nil)), ("retry 30s", .retry(.seconds(30))),
            ("retry 250ms\r", .retry(.milliseconds(250))),
            ("reject", .reject("rejected")), ("reject no such customer", .reject("no such customer")),
        ] as [(String, CoprocessReply)])
    func knownLinesAreUnderstood(line: String, reply: CoprocessReply) { #expect(CoprocessReply(Array(line.utf8)) == reply) }

    @Test(arguments: ["", "OK", "ok fine", "okay", "done", "retry soon", "retry -1s", "rejected", " ", "{}", "\u{0}ok"])
    func anythingElseIsNot(line: String) { #expect(CoprocessReply(Array(line.utf8)) == nil) }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func noBytesBreakIt(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let starts = ["", "ok", "retry ", "reject "].map { Array($0.utf8) }
        let line =
            starts.randomElement(using: &random)!
            + (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        if case .retry(let delay?) = CoprocessReply(line) { #expect(delay >= .zero) }
    }
}
