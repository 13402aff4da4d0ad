import MQCore
import MQTesting
import Synchronization
import Testing

@testable import MQCommands

/// A dead-letter queue as an administrator sees it.
private final class PretendedAdmin: Admin {
    var steps: [RedriveProgress] = []
    var failure: TransportError?
    var messages = 0
    private(set) var plan: Redrive?

    func list() throws(TransportError) -> QueueListing { QueueListing(queues: [], limits: [], columns: []) }
    func status() throws(TransportError) -> QueueStatus {
        QueueStatus(address: "x:q", facts: [Fact("messages", "Messages", .number(messages))])
    }
    func create(exclusive: Bool) throws(TransportError) -> Bool { true }
    func delete() throws(TransportError) {}
    func purge() throws(TransportError) -> Int { 0 }
    func redrive(
        _ plan: Redrive, stop: StopFlag, progress: (RedriveProgress) -> Void
    ) throws(TransportError) -> RedriveProgress {
        self.plan = plan
        for step in steps { progress(step) }
        if let failure { throw failure }
        return steps.last ?? RedriveProgress(moved: 0, total: 0)
    }
}

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct AdminVerbTests {
    private func resolved(_ text: String) throws -> ResolvedAddress { try ResolvedAddress(text, options: []) }

    @Test func redriveIsPlannedFromItsFlags() throws {
        let plan = try RedriveVerb.plan(resolved("mem:dead"), to: "mem:jobs,depth=3", rate: 2500)
        #expect(plan.destination == "mem:jobs,depth=3" && plan.rate == 2500)
        let bare = try RedriveVerb.plan(resolved("mem:dead"), to: nil, rate: nil)
        #expect(bare.destination == nil && bare.rate == nil)
        #expect(try RedriveVerb.plan(resolved("mem:dead"), to: nil, rate: 0.1).rate == 1)
        for to in ["posix-mq:/q", "mem:dead", "nope:x"] {
            #expect(failure { try RedriveVerb.plan(resolved("mem:dead"), to: to, rate: nil) }?.code == .usage, "\(to)")
        }
    }

    @Test func redriveThatBreaksOffSaysHowFarItCame() throws {
        let admin = PretendedAdmin()
        admin.steps = [RedriveProgress(moved: 10, total: 30), RedriveProgress(moved: 20, total: nil)]
        admin.failure = TransportError(.unreachable, "gone")
        let counters = Counters()
        let error = failure { try RedriveVerb.run(Redrive(), admin, StopFlag(), counters, quiet) }
        #expect(error?.details == ["20 messages moved before that"])
        #expect(counters.messages.load(ordering: .relaxed) == 20)
    }

    @Test func deletingAsksWhereSomebodyWouldMissSomething() throws {
        let admin = PretendedAdmin()
        #expect(try Delete.question(resolved("posix-mq:/q"), admin) == nil)
        admin.messages = 1
        #expect(try Delete.question(resolved("posix-mq:/q"), admin) == "delete x:q with 1 message?")
        admin.messages = 1234
        #expect(try Delete.question(resolved("mem:q"), admin) == "delete x:q with 1,234 messages?")
        // A queue that others reach is asked about although it is empty.
        admin.messages = 0
        #expect(try Delete.question(resolved("zmq:tcp://h:1"), admin) == "delete x:q?")
    }

    @Test(arguments: ["pause", "unpause", "redrive"])
    func whatATransportCannotDoIsRefused(verb: String) throws {
        #expect(failure { try Program.parse([verb, "posix-mq:/q"]).perform(quiet) }?.code == .unsupported)
    }
}

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct StatWatchTests {
    private func status(_ facts: [Fact]) -> QueueStatus { QueueStatus(address: "x:q", facts: facts) }
    private func facts(_ messages: Int, _ published: Int) -> [Fact] {
        [
            Fact("messages", "Messages", .number(messages)), Fact("published", "Published", .counter(published)),
            Fact("owner", "Owner", .text("me")), Fact("pid", "Process", .identifier(7)), Fact("bytes", "Bytes", .bytes(12)),
        ]
    }
    private func words(_ line: some StringProtocol) -> [String] { String(line).split(separator: " " as Character).map { String($0) } }

    @Test func gaugesStandAsTheyAreAndCountersByTheirGrowth() throws {
        var watch = StatWatch(try ResolvedAddress("mem:q", options: []).descriptor, isJSON: false)
        let first = try watch.lines(status(facts(5, 100)), at: 1_000_000_000).split(separator: "\n")
        #expect(first.count == 2)
        #expect(words(first[0]) == ["TIME", "MESSAGES", "PUBLISHED/S", "BYTES"])
        #expect(words(first[1]).dropFirst() == ["5", "-", "12"])
        #expect(try words(watch.lines(status(facts(6, 350)), at: 3_000_000_000)).dropFirst() == ["6", "125", "12\n"])
        // It began anew: a negative rate would be no truth.
        #expect(try words(watch.lines(status(facts(6, 10)), at: 4_000_000_000)).dropFirst() == ["6", "-", "12\n"])
        #expect(try words(watch.lines(status(facts(6, 20)), at: 5_000_000_000)).dropFirst() == ["6", "10", "12\n"])
    }

    @Test func theHeaderIsRepeated() throws {
        var watch = StatWatch(try ResolvedAddress("mem:q", options: []).descriptor, isJSON: false)
        let lines = try (0..<50).map { try watch.lines(status(facts($0, $0)), at: Int64($0) * 1_000_000_000) }
        #expect(lines.indices.filter { lines[$0].hasPrefix("TIME") } == [0, 24, 48])
    }

    @Test func linesFitATerminal() throws {
        var watch = StatWatch(try ResolvedAddress("mem:q", options: []).descriptor, isJSON: false)
        let many = (0..<20).map { Fact("number_\($0)", "", .number(Int.max - $0)) }
        let text = try watch.lines(status(many), at: 0)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(watch.takeNote()?.hasSuffix("numbers do not fit; --json has them") == true)
        #expect(watch.takeNote() == nil)
    }

    @Test func jsonHoldsEverything() throws {
        var watch = StatWatch(try ResolvedAddress("mem:q", options: []).descriptor, isJSON: true)
        let first = try watch.lines(status(facts(5, 100)), at: 0)
        #expect(
            first
                == "{\"time\":\"1970-01-01T00:00:00.000000000Z\",\"address\":\"x:q\",\"transport\":\"mem\",\"messages\":5,\"published\":100,"
                + "\"owner\":\"me\",\"pid\":7,\"bytes\":12,\"published_per_second\":null}\n")
        #expect(try watch.lines(status(facts(5, 104)), at: 8_000_000_000).hasSuffix("\"published_per_second\":0.500}\n"))
    }
}
