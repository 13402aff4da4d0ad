import Glibc
import MQCore
import MQStandIns
import MQTesting
import Synchronization
import Testing

@testable import MQCommands

/// Messages that fail at a work and are tried again, over a queue that takes nothing back and over one that does.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct PersistenceTests {
    private let fixture = Fixture()

    /// A queue of the kernel, removed at the end.
    private struct KernelQueue {
        let address: ResolvedAddress
        let transport: any Transport

        init(_ fixture: Fixture, _ scheme: String) throws {
            let name = UniqueName.make()
            address = try ResolvedAddress(
                scheme == "sysv"
                    ? "sysv:0x\(String(UInt32.random(in: 1...0x7fff_ffff), radix: 16)),create" : "posix-mq:/\(name),create,maxmsg=10",
                options: [])
            transport = try address.transport()
            let made = transport
            fixture.atEnd { try? made.openAdmin(Opening(stop: StopFlag())).delete() }
            _ = try transport.openSender(Opening(stop: StopFlag()))
        }

        func send(_ bodies: [String], _ change: (inout MessageProperties) -> Void = { _ in }) throws {
            let sender = try transport.openSender(Opening(stop: StopFlag()))
            var batch = Batch()
            var properties = MessageProperties()
            change(&properties)
            for body in bodies {
                batch.append(body.utf8)
                batch.setProperties(properties)
            }
            #expect(try sender.send(batch, 0..<batch.count, until: .immediately, stop: StopFlag()) == bodies.count)
        }

        func drain() throws -> [(body: String, properties: MessageProperties)] {
            let receiver = try transport.openReceiver(Opening(stop: StopFlag()))
            var batch = Batch()
            batch.wantsProperties = true
            while try receiver.receive(into: &batch, limit: .max, byteLimit: .max, until: .immediately, stop: StopFlag()) == .received {}
            return (0..<batch.count).map { (String(decoding: batch.bytes(of: $0), as: UTF8.self), batch.properties(of: $0)) }
        }
    }

    private func run(
        _ address: ResolvedAddress, _ work: any Work, dead: MemoryBroker? = nil, attempts: Int? = nil,
        tally: Tally = Tally(), stop: StopFlag = StopFlag(), turn: Turn = Turn(), console: Console = quiet,
        _ change: (inout Intake.Limits) -> Void = { _ in }
    ) throws -> Ending {
        let transport = try address.transport()
        var opening = Opening(stop: stop)
        (opening.prefetch, opening.endsWhenEmpty) = (work.width, true)
        let plan = attempts != nil || dead != nil ? DeadLetters.Plan(attempts: attempts, address: dead?.address, retry: nil) : nil
        var limits = Intake.Limits()
        limits.drains = true
        limits.persistence = Persistence(backoff: Backoff(shortest: .milliseconds(20), longest: .milliseconds(80)))
        limits.window = Intake.window(work.width, address, peeks: false)
        change(&limits)
        return try Intake(
            transport.openReceiver(opening), of: address, limits, for: work,
            deadLetters: plan.map { DeadLetters($0, transport: dead?.transport, console: console, stop: stop) },
            putBack: PutBack(address, transport, console: console), tally: tally, turn: turn, stop: stop, console: console
        ).run()
    }

    private func count(_ counter: borrowing Atomic<Int>) -> Int { counter.load(ordering: .relaxed) }

    @Test(arguments: ["posix-mq", "sysv"])
    func aMessageThatFailsIsTriedAgainHereAfterItsBackOff(scheme: String) throws {
        let queue = try KernelQueue(fixture, scheme)
        try queue.send(["a", "b", "c"])
        let tally = Tally()
        let work = ScriptedWork { body, attempt in body == "b" && attempt < 3 ? .again(after: nil) : .done }
        #expect(try run(queue.address, work, tally: tally).isSuccess)
        #expect(work.attempts == ["a#1", "b#1", "c#1", "b#2", "b#3"])
        let times = work.begun.filter { $0.body == "b" }.map(\.at)
        #expect(times[1] - times[0] >= 20_000_000 && times[2] - times[1] >= 40_000_000)
        #expect(tally.line.hasPrefix("3 done, 2 retried, 0 rejected, 0 dead-lettered, 0 returned, 0 leases lost in 00:00:0"))
        #expect(try queue.drain().isEmpty)
    }

    @Test(arguments: ["posix-mq", "sysv"])
    func whatIsHeldAtTheEndGoesBackWithItsPriorityOrItsType(scheme: String) throws {
        let queue = try KernelQueue(fixture, scheme)
        try queue.send(["a", "b", "c"]) { ($0.priority, $0.type) = (scheme == "sysv" ? nil : 7, scheme == "sysv" ? 7 : nil) }
        let stop = StopFlag(), tally = Tally()
        let work = ScriptedWork { body, _ in body == "c" ? .done : .again(after: .seconds(100)) }
        work.afterBegin = { if $0 == 3 { stop.raise(.terminate) } }
        guard case .signal(SIGTERM) = try run(queue.address, work, tally: tally, stop: stop) else { throw Failed("another ending") }
        let left = try queue.drain()
        #expect(left.map(\.body) == ["a", "b"] && left.allSatisfy { $0.properties.priority == 7 || $0.properties.type == 7 })
        #expect(tally.line.hasPrefix("1 done, 2 retried, 0 rejected, 0 dead-lettered, 2 returned"))
    }

    @Test func noMoreThanHoldAreKeptForAnotherAttempt() throws {
        let queue = try KernelQueue(fixture, "posix-mq")
        try queue.send((0..<9).map { "\($0)" })
        let stop = StopFlag()
        let work = ScriptedWork { _, _ in .again(after: .milliseconds(30)) }
        work.afterBegin = { if $0 == 9 { stop.raise(.terminate) } }
        _ = try run(queue.address, work, stop: stop) { $0.persistence?.hold = 3 }
        #expect(Set(work.begun.map(\.body)) == ["0", "1", "2"])
        #expect(try Set(queue.drain().map(\.body)) == Set((0..<9).map { "\($0)" }))
    }

    /// The attempts of a queue that counts none are counted here.
    @Test func whatFailsTooOftenIsADeadLetterThatSaysWhy() throws {
        let queue = try KernelQueue(fixture, "posix-mq"), dead = try MemoryBroker(fixture)
        try queue.send(["bad", "good", "refused"])
        let tally = Tally()
        let work = ScriptedWork { body, _ in
            body == "good" ? .done : body == "refused" ? .refused(TransportError(.failure, "no")) : .again(after: .zero)
        }
        #expect(try run(queue.address, work, dead: dead, attempts: 3, tally: tally).isSuccess)
        #expect(work.attempts.filter { $0.hasPrefix("bad") } == ["bad#1", "bad#2", "bad#3"])
        let letters = try dead.drain()
        #expect(letters.map(\.body) == ["bad", "refused"])
        let labels = letters[0].properties.attributes
        func label(_ name: String) -> String? {
            labels.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) }
        }
        #expect(label("mq-reason") == "exit status 3" && label("mq-status") == "3" && label("mq-attempts") == "3")
        #expect(label("mq-source") == queue.address.address.short && label("mq-detail") == "oh\u{1b}no")
        #expect(labels.first { $0.name == "mq-detail" }?.type == "Binary", "no broker takes an escape character as text")
        #expect(tally.line.hasPrefix("1 done, 2 retried, 0 rejected, 2 dead-lettered, 0 returned"))
    }

    @Test func whatIsRefusedWithoutAPlaceForDeadLettersIsAcknowledged() throws {
        let source = try MemoryBroker(fixture)
        try source.send(["a", "b"])
        let tally = Tally()
        #expect(try run(source.address, ScriptedWork { _, _ in .refused(TransportError(.failure, "no")) }, tally: tally).isSuccess)
        #expect(try source.bodies().isEmpty)
        #expect(count(tally.rejected) == 2)
    }

    /// `--drain` waits for what it gave back itself: otherwise a job that failed at first would be left undone.
    @Test func aQueueIsDrainedWhenWhatFailedIsDone() throws {
        let source = try MemoryBroker(fixture)
        try source.send(["a", "b"])
        let work = ScriptedWork { body, attempt in body == "a" && attempt < 3 ? .again(after: .milliseconds(30)) : .done }
        #expect(try run(source.address, work).isSuccess)
        #expect(work.attempts == ["a#1", "b#1", "a#2", "a#3"])
    }

    @Test func aQueueOfSQSIsDrainedWhenWhatFailedIsDone() throws {
        let queue = try SQSBroker("", ",wait=0s")
        try queue.send(["a", "b"])
        let work = ScriptedWork { body, attempt in body == "a" && attempt < 2 ? .again(after: .milliseconds(500)) : .done }
        #expect(try run(queue.address, work).isSuccess)
        #expect(work.attempts.sorted() == ["a#1", "a#2", "b#1"])
    }

    /// Where the broker counts attempts and delays messages, nothing is kept here.
    @Test func aBrokerKeepsWhatFails() throws {
        let source = try MemoryBroker(fixture)
        try source.send(["a", "b"])
        let work = ScriptedWork { body, attempt in body == "a" && attempt < 3 ? .again(after: nil) : .done }
        let ending = try run(source.address, work) { ($0.drains, $0.count) = (false, 2) }
        #expect(ending.isSuccess && work.attempts == ["a#1", "b#1", "a#2", "a#3"])
    }

    @Test func aCountIsExactThoughMessagesAreHeld() throws {
        let queue = try KernelQueue(fixture, "sysv")
        try queue.send((0..<40).map { "\($0)" })
        let work = ScriptedWork(width: 4, delay: .milliseconds(1)) { body, attempt in
            attempt <= Int(body)! % 3 ? .again(after: .milliseconds(5)) : .done
        }
        #expect(try run(queue.address, work) { ($0.drains, $0.count) = (false, 30) }.isSuccess)
        #expect(work.mostAtOnce == 4)
        #expect(try queue.drain().map(\.body) == (30..<40).map { "\($0)" })
    }

    @Test func anEndOfTimeIsNoFailureButForACount() throws {
        let queue = try KernelQueue(fixture, "posix-mq")
        try queue.send(["a"])
        let first = try run(queue.address, ScriptedWork { _, _ in .done }) {
            $0.drains = false
            $0.persistence?.end = .after(.milliseconds(50))
        }
        #expect(first.isSuccess)
        let second = try run(queue.address, ScriptedWork { _, _ in .done }) {
            ($0.drains, $0.count) = (false, 2)
            $0.persistence?.idle = .milliseconds(20)
        }
        #expect(second.sentence == "0 of 2 messages done")
        // What is under way is no idleness.
        try queue.send(["b"])
        let slow = ScriptedWork(delay: .milliseconds(120)) { _, _ in .done }
        let third = try run(queue.address, slow) {
            $0.drains = false
            $0.persistence?.idle = .milliseconds(20)
        }
        #expect(third.isSuccess)
        #expect(try slow.attempts == ["b#1"] && queue.drain().isEmpty)
    }

    @Test func nothingIsTakenWhileTheGateIsClosed() throws {
        let source = try MemoryBroker(fixture), turn = Turn(), gate = Gate(turn)
        try source.send((0..<20).map { "\($0)" })
        gate.close()
        let opened = Atomic<UInt64>(0)
        let opener = Background {
            usleep(50_000)
            opened.store(Deadline.now(), ordering: .relaxed)
            gate.open()
        }
        let work = ScriptedWork { _, _ in .done }
        #expect(try run(source.address, work, turn: turn) { $0.persistence?.gate = gate }.isSuccess)
        try opener.join()
        #expect(work.begun.count == 20 && work.begun.allSatisfy { $0.at >= opened.load(ordering: .relaxed) })
    }

    /// The second signal: what runs is not waited for.
    @Test func whoIsInAHurryDoesNotWaitForWhatIsUnderWay() throws {
        let queue = try KernelQueue(fixture, "posix-mq"), stop = StopFlag(), turn = Turn(), hurry = StopFlag()
        try queue.send(["a"])
        let work = ScriptedWork(delay: .seconds(100)) { _, _ in .done }
        work.afterBegin = { _ in
            stop.raise(.terminate)
            hurry.raise()
        }
        let start = Deadline.now()
        guard case .signal = try run(queue.address, work, stop: stop, turn: turn, { $0.persistence?.hurry = hurry }) else {
            throw Failed("another ending")
        }
        #expect(Deadline.now() - start < 10_000_000_000)
        #expect(try queue.drain().map(\.body) == ["a"])
    }

    private struct Failed: Error {
        let words: String
        init(_ words: String) { self.words = words }
    }
}

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct BackoffTests {
    @Test func eachAttemptWaitsTwiceAsLong() throws {
        let backoff = try Backoff(parsing: "1s:1m")
        #expect((1...8).map { backoff.delay(after: $0, jitter: 0) } == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
        #expect(backoff.delay(after: 3, jitter: 1) == .seconds(5) && backoff.delay(after: 70, jitter: 1) == .seconds(48))
        #expect(try Backoff(parsing: "3s").delay(after: 9, jitter: 1) == .seconds(3))
        #expect(try Backoff(parsing: "0s:0s").delay(after: 9, jitter: 1) == .zero)
        for attempt in 1...100 { #expect((Duration.seconds(1) ... .seconds(60)).contains(backoff.delay(after: attempt))) }
    }

    @Test(arguments: ["", ":", "1s:", ":1s", "x", "1s:2s:3s", "2m:1m"])
    func whatIsNoBackOffIsRefused(text: String) {
        #expect(failure { try Backoff(parsing: text) }?.code == .usage)
    }

    @Test func aLooseTimeIsLoose() throws {
        let times = try (0..<50).map { _ in try WorkPlan.maxTime("100s~") }
        #expect(times.allSatisfy { (Duration.seconds(90) ... .seconds(110)).contains($0) } && Set(times).count > 10)
        #expect(try WorkPlan.maxTime("100s") == .seconds(100))
        #expect(failure { try WorkPlan.maxTime("~") }?.code == .usage)
    }
}
