import Glibc
import MQCore
import MQTesting
import Testing

@testable import MQCommands

/// What a broker does to a sender and the kernel's queues do not: it confirms late, refuses one by one, goes away.
@Suite(.timeLimit(.minutes(1)))
struct SendSessionTests {
    private func send(
        _ lines: [String], _ faults: Faults, to queue: MemoryBroker, skips: Bool = false, words: Bool = false
    ) throws -> TransportError? {
        let input = Pipe()
        input.give(lines.map { $0 + "\n" }.joined())
        input.closeWriter()
        let plan = SendSession.Plan(
            framing: .lines, messages: words ? lines : [], repetition: .times(1), rate: nil, skipsEmpty: false, skipsRefused: skips,
            timeout: .seconds(5), retry: nil, ready: nil, defaults: MessageProperties())
        let session = try SendSession(
            plan: plan, address: queue.address, console: quiet,
            surroundings: Surroundings(
                transport: FaultyTransport(queue.transport, faults), input: input.ends[0], isWatched: false))
        return failure { _ = try session.run() }
    }

    private let lines = (1...50).map { "line \($0)" }

    /// The statement never skips a record that did not arrive: what arrived and what comes from its byte on are all.
    @Test(arguments: [1, 2, 25, 50], [0, 1, 7, 1000])
    func resumingLeavesNothingOut(at place: Int, lag: Int) throws {
        let fixture = Fixture()
        defer { fixture.cleanUp() }
        let queue = try MemoryBroker(fixture)
        var faults = Faults()
        (faults.breakAt, faults.confirmLag) = (place, lag)
        let error = try #require(try send(lines, faults, to: queue))
        #expect(error.code == .unreachable)
        let confirmed = max(0, place - 1 - lag)
        let offset = lines.prefix(confirmed).reduce(0) { $0 + $1.utf8.count + 1 }
        #expect(
            error.details.first
                == "\(confirmed) acknowledged of 50 read; the first not acknowledged is record \(confirmed + 1) (byte \(offset))")
        #expect(error.details.last?.hasPrefix("resume with: tail -c +\(offset + 1) ") == true)
        #expect(try queue.bodies() == Array(lines.prefix(place - 1)))
    }

    @Test(arguments: [0, 1000], [false, true])
    func refusalsAreNamedByTheirRecord(lag: Int, words: Bool) throws {
        let fixture = Fixture()
        defer { fixture.cleanUp() }
        let queue = try MemoryBroker(fixture)
        var faults = Faults()
        (faults.rejectEvery, faults.confirmLag) = (20, lag)
        let error = try #require(try send(lines, faults, to: queue, words: words))
        #expect(error.code == .unsendable)
        #expect(error.message == "\(words ? "message" : "record") 20: refused by the broker")
        #expect(error.details.first?.hasPrefix("48 acknowledged of 50 \(words ? "messages" : "read"); the first not") == true)
        #expect(error.details.first?.contains(" is \(words ? "message" : "record") 20") == true)
    }

    @Test(arguments: [0, 3, 1000])
    func refusalsAreSkippedWhenAskedFor(lag: Int) throws {
        let fixture = Fixture()
        defer { fixture.cleanUp() }
        let queue = try MemoryBroker(fixture)
        var faults = Faults()
        (faults.rejectEvery, faults.confirmLag) = (10, lag)
        #expect(try send(lines, faults, to: queue, skips: true) == nil)
        #expect(try queue.bodies() == lines.enumerated().filter { ($0.offset + 1) % 10 != 0 }.map(\.element))
    }

    /// The connection breaks before anybody has asked what was refused.
    @Test func aRefusalIsNotForgottenWhenTheConnectionBreaks() throws {
        let fixture = Fixture()
        defer { fixture.cleanUp() }
        let queue = try MemoryBroker(fixture)
        var faults = Faults()
        (faults.rejectEvery, faults.breakAt) = (10, 15)
        let error = try #require(try send(lines, faults, to: queue))
        #expect(error.details.contains { $0.hasPrefix("record 10: refused") })
        #expect(error.details.contains { $0.contains("the first not acknowledged is record 10 ") }, "\(error.details)")
    }

    @Test func flagsBecomeProperties() throws {
        #expect(try Value.attribute("a=b=c:d", after: []) == Attribute(name: "a", value: Array("b=c:d".utf8)))
        #expect(try Value.attribute("n:Number=3", after: []) == Attribute(name: "n", type: "Number", value: Array("3".utf8)))
        #expect(try Value.attribute("x:Binary.png=", after: []) == Attribute(name: "x", type: "Binary.png", value: []))
        for text in ["", "a", "=b", ":T=b", "a:=b"] { #expect(failure { try Value.attribute(text, after: []) }?.code == .usage, "\(text)") }
        #expect(failure { try Value.attribute("a=2", after: [Attribute(name: "a", value: [])]) }?.message == "--attribute a is given twice")
        let send = try #require(
            try Program.parse(["send", "mem:q", "x", "-H", "a=b", "--attribute", "n:Number=3", "--group", "g", "--dedup", "d"]) as? Send)
        #expect(send.attributes == ["a=b", "n:Number=3"] && send.group == "g" && send.dedup == "d")
        let refused = try #require(try Program.parse(["send", "posix-mq:/q", "x", "-H", "a=b"]) as? Send)
        #expect(failure { try refused.perform(quiet) }?.code == .unsupported)
    }
}
