import Glibc
import MQCore
import MQTesting
import Testing

@testable import MQCommands

/// What a broker does to a sender and the kernel's queues do not: it confirms late, refuses one by one, goes away.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct SendSessionTests {
    private let fixture = Fixture()

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
        let queue = try MemoryBroker(fixture)
        var faults = Faults()
        (faults.rejectEvery, faults.confirmLag) = (20, lag)
        let error = try #require(try send(lines, faults, to: queue, words: words))
        #expect(error.code == .unsendable)
        #expect(error.message == "\(words ? "message" : "record") 20: refused by the broker")
        #expect(error.details.first == "\(words ? "message" : "record") 40: refused by the broker")
        let statement = error.details.first { $0.hasPrefix("48 acknowledged of 50 \(words ? "messages" : "read"); the first not") }
        #expect(statement?.contains(" is \(words ? "message" : "record") 20") == true, "\(error.details)")
    }

    @Test(arguments: [0, 3, 1000])
    func refusalsAreSkippedWhenAskedFor(lag: Int) throws {
        let queue = try MemoryBroker(fixture)
        var faults = Faults()
        (faults.rejectEvery, faults.confirmLag) = (10, lag)
        #expect(try send(lines, faults, to: queue, skips: true) == nil)
        #expect(try queue.bodies() == lines.enumerated().filter { ($0.offset + 1) % 10 != 0 }.map(\.element))
    }

    /// The connection breaks before anybody has asked what was refused.
    @Test func aRefusalIsNotForgottenWhenTheConnectionBreaks() throws {
        let queue = try MemoryBroker(fixture)
        var faults = Faults()
        (faults.rejectEvery, faults.breakAt) = (10, 15)
        let error = try #require(try send(lines, faults, to: queue))
        #expect(error.details.contains { $0.hasPrefix("record 10: refused") })
        #expect(error.details.contains { $0.contains("the first not acknowledged is record 10 ") }, "\(error.details)")
    }

    // MARK: - Where to go on

    /// Runs `send` with a broker that answers in its own order.
    private func send(_ lines: [String], _ answers: Faults.Answers, logsJSON: Bool = false) throws -> TransportError? {
        let queue = try MemoryBroker(fixture)
        var faults = Faults()
        faults.answers = answers
        let input = Pipe()
        input.give(lines.map { $0 + "\n" }.joined())
        input.closeWriter()
        let session = try SendSession(
            plan: plan(.lines), address: queue.address, console: Console(.init(isQuiet: true, logsAreJSON: logsJSON)),
            surroundings: Surroundings(transport: FaultyTransport(queue.transport, faults), input: input.ends[0], isWatched: false))
        return failure { _ = try session.run() }
    }

    private func plan(_ framing: Framing) -> SendSession.Plan {
        SendSession.Plan(
            framing: framing, messages: [], repetition: .times(1), rate: nil, skipsEmpty: false, skipsRefused: false,
            timeout: .seconds(5), retry: nil, ready: nil, defaults: MessageProperties())
    }

    /// Record 71 is refused first in time; resuming there would leave record 1 in no queue.
    @Test func theLowestRecordIsNamedWhateverFailedFirst() throws {
        var answers = Faults.Answers()
        (answers.refusedAtOnce, answers.refusedLate) = ([70], [30, 0, 10])
        let error = try #require(try send((1...200).map { "\($0)" }, answers))
        #expect(error.message == "record 1: refused by the broker")
        #expect(
            error.details.dropLast() == [
                "record 11: refused by the broker", "record 31: refused by the broker", "record 71: refused by the broker",
                "196 acknowledged of 200 read; the first not acknowledged is record 1 (byte 0)",
                "going on there sends up to 196 records again that may have arrived",
            ])
        #expect(error.details.last?.hasPrefix("resume with: tail -c +1 ") == true)
    }

    @Test(arguments: [false, true])
    func theFirstTenRefusedRecordsAreNamedAndAllInALogForPrograms(logsJSON: Bool) throws {
        var answers = Faults.Answers()
        answers.refusedLate = Array(stride(from: 2, to: 200, by: 3))
        let error = try #require(try send((1...200).map { "\($0)" }, answers, logsJSON: logsJSON))
        #expect(error.message == "record 3: refused by the broker")
        let named = error.details.filter { $0.hasPrefix("record ") }
        #expect(named.first == "record 6: refused by the broker" && named.count == (logsJSON ? 65 : 9))
        #expect(error.details.contains("56 more messages refused") == !logsJSON)
        #expect(error.details.contains { $0.hasPrefix("134 acknowledged of 200 read; ") }, "\(error.details)")
    }

    /// A broker that answered out of order before it went: what it has is counted, and said to come twice.
    @Test func whatWasAcknowledgedBehindAHoleIsCounted() throws {
        var answers = Faults.Answers()
        (answers.breaksAt, answers.confirmedBehind) = (20, 25)
        let error = try #require(try send(lines, answers))
        #expect(error.message == "connection closed by peer")
        #expect(error.details.first?.hasPrefix("45 acknowledged of 50 read; the first not acknowledged is record 21 ") == true)
        #expect(error.details.contains("going on there sends up to 30 records again that may have arrived"), "\(error.details)")
    }

    /// No record is called unacknowledged that is acknowledged: going on behind the last sends none twice.
    @Test func whereAllIsAcknowledgedGoingOnBeginsBehindIt() throws {
        var answers = Faults.Answers()
        answers.breaksAt = lines.count
        let error = try #require(try send(lines, answers))
        let bytes = lines.reduce(0) { $0 + $1.utf8.count + 1 }
        #expect(error.details.first == "all 50 records that were read are acknowledged; the next is record 51 (byte \(bytes))")
        #expect(error.details.last?.hasPrefix("resume with: tail -c +\(bytes + 1) ") == true)
    }

    /// At the record itself the next run would fail again.
    @Test(arguments: [
        (Framing.jsonl, "{\"body\":\"a\"}\n{\"body\":\n{\"body\":\"c\"}\n", "record 2 (byte 13), behind which it goes on", Int?(22)),
        (.jsonl, "{\"body\":\"a\"}\nnonsense", "record 2 (byte 13), behind which it goes on", 21),
        (.netstring, "1:a,2:bb;1:c,", "record 2 (byte 4), behind which it goes on", 9),
        (.netstring, "1:a,x2:bb,1:c,", "record 2 (byte 4)", nil), (.len32, "\0\0\0\u{1}a\0\0\0\u{5}b", "record 2 (byte 5)", nil),
    ])
    func resumingStandsBehindARecordThatCannotBeRead(framing: Framing, text: String, place: String, next: Int?) throws {
        let queue = try MemoryBroker(fixture)
        let input = Pipe()
        input.give(text)
        input.closeWriter()
        let session = try SendSession(
            plan: plan(framing), address: queue.address, console: quiet,
            surroundings: Surroundings(input: input.ends[0], isWatched: false))
        let error = try #require(failure { _ = try session.run() })
        #expect(error.code == .malformed && error.message.hasPrefix("record 2: "))
        #expect(error.details.first == "1 acknowledged of 2 read; the first not acknowledged is \(place)")
        #expect(error.details.last?.hasPrefix("resume with: ") == (next != nil))
        if let next { #expect(error.details.last?.hasPrefix("resume with: tail -c +\(next + 1) ") == true, "\(error.details)") }
        #expect(try queue.bodies() == ["a"])
    }

    @Test func flagsBecomeProperties() throws {
        #expect(try Attribute(parsing: "a=b=c:d", after: []) == Attribute(name: "a", value: Array("b=c:d".utf8)))
        #expect(try Attribute(parsing: "n:Number=3", after: []) == Attribute(name: "n", type: "Number", value: Array("3".utf8)))
        #expect(try Attribute(parsing: "x:Binary.png=", after: []) == Attribute(name: "x", type: "Binary.png", value: []))
        for text in ["", "a", "=b", ":T=b", "a:=b"] {
            #expect(failure { try Attribute(parsing: text, after: []) }?.code == .usage, "\(text)")
        }
        #expect(
            failure { try Attribute(parsing: "a=2", after: [Attribute(name: "a", value: [])]) }?.message == "--attribute a is given twice")
        let send = try #require(
            try Program.parse(["send", "mem:q", "x", "-H", "a=b", "--attribute", "n:Number=3", "--group", "g", "--dedup", "d"]) as? Send)
        #expect(send.words.texts(Send.attribute) == ["a=b", "n:Number=3"])
        #expect(send.words.text(Send.group) == "g" && send.words.text(Send.dedup) == "d")
        let refused = try #require(try Program.parse(["send", "posix-mq:/q", "x", "-H", "a=b"]) as? Send)
        #expect(failure { try refused.perform(quiet) }?.code == .unsupported)
    }
}
