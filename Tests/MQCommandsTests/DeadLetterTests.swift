import Glibc
import MQCore
import MQTesting
import Testing

@testable import MQCommands

/// Messages that were delivered too often: moved or dropped, and never lost on the way.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct DeadLetterTests {
    private let fixture = Fixture()

    /// Runs `recv --drain --max-attempts 3` on `source`; a file is its output, so that nothing waits for a reader.
    private func receive(
        _ source: MemoryBroker, to dead: MemoryBroker?, through transport: (any Transport)? = nil, _ fixture: Fixture,
        ack: AckTime = .after, count: Int? = nil
    ) throws -> (text: String, ending: Ending?, error: TransportError?) {
        let plan = RecvSession.Plan.draining {
            $0.deadLetters = DeadLetters.Plan(attempts: 3, address: dead?.address, retry: nil)
            $0.ack = ack
            $0.count = count
            $0.isRaw = true
        }
        let folder = try fixture.directory()
        let output = open("\(folder)/out", O_RDWR | O_CREAT, 0o600)
        defer { close(output) }
        let session = try RecvSession(
            plan: plan, address: source.address, console: quiet,
            surroundings: Surroundings(deadLetters: transport, output: output, isWatched: false))
        var ending: Ending?
        let error = failure { ending = try session.run() }
        return (String(decoding: try LocalFile.contents(of: "\(folder)/out"), as: UTF8.self), ending, error)
    }

    private func poisoned(_ fixture: Fixture, _ bad: [String] = ["bad1", "bad2"]) throws -> MemoryBroker {
        let source = try MemoryBroker(fixture)
        var properties = MessageProperties()
        properties.attributes = [Attribute(name: "k", value: Array("v".utf8))]
        try source.send(bad, properties)
        try source.fail(times: 3)
        return source
    }

    @Test(arguments: [AckTime.after, .before])
    func whatWasDeliveredTooOftenMoves(ack: AckTime) throws {
        let source = try poisoned(fixture), dead = try MemoryBroker(fixture)
        try source.send(["good1", "good2"])
        let result = try receive(source, to: dead, fixture, ack: ack)
        #expect(result.error == nil && result.ending?.isSuccess == true)
        #expect(result.text == "good1\ngood2\n")
        let letters = try dead.drain()
        #expect(letters.map(\.body) == ["bad1", "bad2"])
        #expect(letters.allSatisfy { $0.properties.attributes == [Attribute(name: "k", value: Array("v".utf8))] })
        #expect(try source.bodies().isEmpty)
    }

    /// One attempt before the limit, a message is handed over.
    @Test func theLastAttemptCounts() throws {
        let source = try MemoryBroker(fixture), dead = try MemoryBroker(fixture)
        try source.send(["once more"])
        try source.fail(times: 2)
        #expect(try receive(source, to: dead, fixture).text == "once more\n")
        #expect(try dead.bodies().isEmpty)
    }

    @Test func withoutAnAddressTheyAreDropped() throws {
        let source = try poisoned(fixture)
        let result = try receive(source, to: nil, fixture)
        #expect(result.text.isEmpty && result.error == nil)
        #expect(result.ending?.sentence == "no message")
        #expect(try source.bodies().isEmpty)
    }

    @Test func aDrainThatMovedAllItFoundHasFoundSomething() throws {
        let source = try poisoned(fixture), dead = try MemoryBroker(fixture)
        let result = try receive(source, to: dead, fixture)
        #expect(result.text.isEmpty && result.error == nil && result.ending?.isSuccess == true)
        #expect(try dead.bodies() == ["bad1", "bad2"])
    }

    @Test func theyAreNotAmongThoseCounted() throws {
        let source = try poisoned(fixture), dead = try MemoryBroker(fixture)
        try source.send(["good1", "good2", "good3"])
        #expect(try receive(source, to: dead, fixture, count: 2).text == "good1\ngood2\n")
        #expect(try source.bodies() == ["good3"])
    }

    @Test func confirmationsMayBeLate() throws {
        let source = try poisoned(fixture), dead = try MemoryBroker(fixture)
        var faults = Faults()
        faults.confirmLag = 100
        let result = try receive(source, to: dead, through: FaultyTransport(dead.transport, faults), fixture)
        #expect(result.error == nil)
        #expect(try dead.bodies() == ["bad1", "bad2"])
        #expect(try source.bodies().isEmpty)
    }

    /// At every place where the connection can break, and however late its confirmations: each message is in one of the
    /// queues, and one that is only in doubt is in the source again.
    @Test(arguments: 1...6, [0, 1, 100])
    func nothingIsLostWhenTheDestinationBreaks(at place: Int, lag: Int) throws {
        let bad = (1...5).map { "bad\($0)" }
        let source = try poisoned(fixture, bad), dead = try MemoryBroker(fixture)
        try source.send(["good"])
        var faults = Faults()
        (faults.breakAt, faults.confirmLag) = (place, lag)
        let result = try receive(source, to: dead, through: FaultyTransport(dead.transport, faults), fixture)
        let (moved, left) = (try dead.bodies(), try source.bodies())
        #expect(moved == Array(bad.prefix(place - 1)))
        if place <= 5 {
            #expect(result.error?.code == .unreachable)
            #expect(result.error?.message == "dead-letter address \(dead.name): connection closed by peer")
            #expect(result.text.isEmpty)
            let confirmed = max(0, place - 1 - lag)
            #expect(left.sorted() == Array(bad.dropFirst(confirmed)) + ["good"])
        } else {
            #expect(result.error == nil && result.text == "good\n" && left.isEmpty)
        }
    }

    /// The broker closed the connection while nothing was to be moved.
    @Test func anIdleConnectionThatWasClosedIsOpenedAgain() throws {
        let source = try poisoned(fixture, ["bad1", "bad2", "bad3"]), dead = try MemoryBroker(fixture)
        let receiver = try source.transport.openReceiver(Opening(stop: StopFlag()))
        var batch = Batch()
        _ = try receiver.receive(into: &batch, limit: 3, byteLimit: .max, until: .immediately, stop: StopFlag())
        try receiver.settle(0..<2, as: .requeue(after: .zero))
        try source.send(["good"])
        try receiver.settle(2..<3, as: .requeue(after: .zero))
        var faults = Faults()
        faults.breakAt = 3
        let result = try receive(source, to: dead, through: FaultyTransport(dead.transport, faults), fixture)
        #expect(result.error == nil && result.text == "good\n")
        #expect(try dead.bodies() == ["bad1", "bad2", "bad3"])
    }

    /// Whoever waits for room has other things to look after: commands that end, leases that run out.
    @Test func whileTheDestinationIsFullOthersAreLookedAfter() throws {
        let dead = try MemoryBroker(fixture, ",depth=1")
        try dead.send(["in the way"])
        let letters = DeadLetters(
            DeadLetters.Plan(attempts: 1, address: dead.address, retry: nil), transport: dead.transport, console: quiet, stop: StopFlag())
        var batch = Batch()
        batch.append("bad".utf8)
        var calls = 0
        let outcome = letters.take(0..<1, of: &batch, from: "here") {
            calls += 1
            if calls == 5 { #expect((try? dead.drain())?.map(\.body) == ["in the way"]) }
        }
        #expect(outcome.done == [0..<1] && outcome.error == nil && calls >= 5)
        #expect(try dead.drain().map(\.body) == ["bad"])
    }

    @Test func whatTheDestinationRefusesIsPutBack() throws {
        let source = try poisoned(fixture, ["ok", "too long for it", "ok too"])
        let dead = try MemoryBroker(fixture, ",max-message=8")
        let result = try receive(source, to: dead, fixture)
        #expect(result.error?.code == .unsendable)
        #expect(try dead.bodies() == ["ok"])
        #expect(try source.bodies().sorted() == ["ok too", "too long for it"])
    }

    @Test(arguments: [0, 100])
    func whatTheBrokerRefusesAfterwardsIsPutBack(lag: Int) throws {
        let source = try poisoned(fixture, ["a", "b", "c", "d"]), dead = try MemoryBroker(fixture)
        var faults = Faults()
        (faults.rejectEvery, faults.confirmLag) = (2, lag)
        let result = try receive(source, to: dead, through: FaultyTransport(dead.transport, faults), fixture)
        #expect(result.error?.message.hasSuffix("refused by the broker") == true)
        #expect(try dead.bodies() == ["a", "c"])
        #expect(try source.bodies().sorted() == ["b", "d"])
    }

    @Test(arguments: [
        ["--dead-letter", "mem:d"], ["--max-attempts", "0"], ["--max-attempts", "3", "--peek"], ["--max-attempts", "3", "--ack", "never"],
        ["--max-attempts", "3", "--dead-letter", "nope:x"], ["--max-attempts", "3", "--dead-letter", "mem:q"],
    ])
    func mistakesAreNamed(flags: [String]) throws {
        #expect(failure { try Program.parse(["recv", "mem:q"] + flags).perform(quiet) }?.code == .usage)
    }

    @Test func aQueueThatDoesNotCountAttemptsIsRefused() throws {
        let command = try #require(try Program.parse(["recv", "posix-mq:/q", "--max-attempts", "3"]) as? Recv)
        #expect(failure { try command.perform(quiet) }?.code == .unsupported)
    }
}
