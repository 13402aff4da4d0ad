import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQCommands

/// Messages under way across many receives, whose verdicts come in any order: each is done once, or is a dead letter.
@Suite(.ownThread, .timeLimit(.minutes(2)))
struct IntakeTests {
    private let fixture = Fixture()

    private static func intake(
        _ address: ResolvedAddress, _ work: any Work, dead: MemoryBroker?, attempts: Int = 4, stop: StopFlag = StopFlag(),
        turn: Turn = Turn(),
        _ change: (inout Intake.Limits) -> Void = { _ in }
    ) throws -> Intake {
        var opening = Opening(stop: stop)
        (opening.prefetch, opening.endsWhenEmpty) = (work.width, true)
        let receiver = try address.transport().openReceiver(opening)
        let deadLetters = dead.map {
            DeadLetters(
                DeadLetters.Plan(attempts: attempts, address: $0.address, retry: nil), transport: $0.transport, console: quiet, stop: stop)
        }
        var limits = Intake.Limits()
        limits.drains = true
        change(&limits)
        return Intake(
            receiver, of: address, limits, for: work, deadLetters: deadLetters, tally: Tally(), turn: turn, stop: stop,
            console: quiet)
    }

    private static func bodies(_ count: Int) -> [String] { (0..<count).map { "\($0):" + String(repeating: "x", count: $0 % 97) } }

    /// Runs until the queue is empty: what is tried again may be out of sight for a moment.
    private static func account(for count: Int, at address: ResolvedAddress, width: Int, seed: UInt64, dead: MemoryBroker) throws {
        let work = UnrulyWork(width: width, seed: seed)
        var letters: [String] = []
        for _ in 0..<20 where work.done.count + letters.count < count {
            _ = try intake(address, work, dead: dead).run()
            letters += try dead.bodies()
        }
        #expect((work.done + letters).sorted() == bodies(count).sorted(), "seed \(seed): \(work.done.count) + \(letters.count)")
        #expect(work.retries > 0 && !letters.isEmpty && work.damaged == 0 && work.abandoned == 0, "seed \(seed)")
        #expect(work.mostAtOnce <= width && work.mostAtOnce > width / 2)
        // Nothing is left.
        let rest = UnrulyWork(width: width, seed: seed)
        _ = try intake(address, rest, dead: dead).run()
        #expect(rest.mostAtOnce == 0)
    }

    @Test(arguments: [1, 7, 300], [1, 2, 3] as [UInt64])
    func everyMessageIsDoneOnceOrADeadLetterInMemory(width: Int, seed: UInt64) throws {
        let source = try MemoryBroker(fixture), dead = try MemoryBroker(fixture)
        try source.send(Self.bodies(2000))
        try Self.account(for: 2000, at: source.address, width: width, seed: seed, dead: dead)
    }

    @Test(arguments: [3, 200])
    func everyMessageIsDoneOnceOrADeadLetterOverNSQ(width: Int) throws {
        let server = try NSQStandIn(), dead = try MemoryBroker(fixture)
        let address = try ResolvedAddress("nsq://127.0.0.1:\(server.tcpPort)/topic/channel,http-port=\(server.httpPort)", options: [])
        // The channel is there before the messages.
        _ = try Self.intake(address, UnrulyWork(width: 1, seed: 1), dead: nil).run()
        server.publish(Self.bodies(2000).map(\.bytes), to: "topic")
        try Self.account(for: 2000, at: address, width: width, seed: 4, dead: dead)
        let state = server.state("topic", "channel")
        #expect(state?.depth == 0 && state?.inFlight == 0 && state?.timedOut == 0)
    }

    @Test(arguments: [4, 50])
    func everyMessageIsDoneOnceOrADeadLetterOverSQS(width: Int) throws {
        let queue = try SQSBroker(), dead = try MemoryBroker(fixture)
        try queue.send(Self.bodies(600))
        try Self.account(for: 600, at: queue.address, width: width, seed: 5, dead: dead)
    }

    /// A signal in the middle: what is under way goes back, and nothing is lost or done twice.
    @Test(arguments: [1, 40])
    func whatIsUnderWayAtTheEndGoesBack(width: Int) throws {
        let source = try MemoryBroker(fixture), stop = StopFlag(), turn = Turn()
        try source.send(Self.bodies(1000))
        let work = UnrulyWork(width: width, seed: 9, odds: UnrulyWork.Odds(again: 0, refused: 0))
        work.afterDone = (
            500,
            {
                stop.raise(.terminate)
                turn.end()
            }
        )
        guard case .signal(SIGTERM) = try Self.intake(source.address, work, dead: nil, stop: stop, turn: turn).run() else {
            Issue.record("another ending")
            return
        }
        #expect(work.done.count >= 500 && work.done.count <= 500 + width)
        #expect((work.done + (try source.bodies())).sorted() == Self.bodies(1000).sorted())
    }

    @Test func whatIsStuckIsGivenUpAfterItsGrace() throws {
        let source = try MemoryBroker(fixture), stop = StopFlag(), turn = Turn()
        try source.send(Self.bodies(100))
        let work = UnrulyWork(width: 30, seed: 3, odds: UnrulyWork.Odds(again: 0, refused: 0))
        work.afterDone = (
            50,
            {
                work.isStuck = true
                stop.raise(.terminate)
            }
        )
        let start = Deadline.now()
        _ = try Self.intake(source.address, work, dead: nil, stop: stop, turn: turn) { $0.grace = .milliseconds(200) }.run()
        #expect(Deadline.now() - start >= 200_000_000)
        let left = try source.bodies()
        #expect(work.abandoned > 0 && (work.done + left).sorted() == Self.bodies(100).sorted())
    }

    @Test(arguments: [1, 10, 1000])
    func aCountIsKeptThoughMessagesAreUnderWay(width: Int) throws {
        let source = try MemoryBroker(fixture)
        try source.send(Self.bodies(1000))
        let work = UnrulyWork(width: width, seed: 11, odds: UnrulyWork.Odds(again: 30, refused: 0))
        #expect(try Self.intake(source.address, work, dead: nil) { $0.count = 321 }.run().isSuccess)
        #expect(work.done.count == 321)
        #expect((work.done + (try source.bodies())).sorted() == Self.bodies(1000).sorted())
    }

    /// Its message goes back untouched, what else is under way is completed, and the program fails.
    @Test func aWorkThatStopsEndsTheProgram() throws {
        final class Stopping: Work {
            let gap = Batch.Gap(), needsProperties = false
            private var next: [Range<Int>] = []
            func begin(_ batch: inout Batch, _ range: Range<Int>, at position: Int, stop: StopFlag) -> Begun {
                next.append(position..<position + range.count)
                return Begun(messages: range.count)
            }
            func collect(_ verdicts: inout [Verdict], _ lull: Lull) {
                for range in next {
                    verdicts.append(Verdict(range.suffix(1), .stop(TransportError(.failure, "no more"))))
                    verdicts.append(Verdict(range.dropLast(), .done))
                }
                next = []
            }
        }
        let source = try MemoryBroker(fixture)
        try source.send(["a", "b", "c"])
        let error = failure { _ = try Self.intake(source.address, Stopping(), dead: nil).run() }
        #expect(error?.message == "no more" && error.map { ExitStatus.status(of: $0.code) } == 2)
        #expect(try source.bodies() == ["c"])
    }
}

/// How much is taken at once from a queue that forgets what it gave.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct IntakeWindowTests {
    private let fixture = Fixture()

    /// Passes on, and notes what was asked for.
    private final class Asked: Receiver {
        let base: any Receiver
        var limits: [Int] = []
        init(_ base: any Receiver) { self.base = base }
        var handedOver: Int { base.handedOver }
        func receive(
            into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
        ) throws(TransportError) -> Outcome {
            limits.append(limit)
            return try base.receive(into: &batch, limit: limit, byteLimit: byteLimit, until: deadline, stop: stop)
        }
        func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
            try base.settle(positions, as: settlement)
        }
    }

    @Test(arguments: [("posix-mq:/q", 1, 1), ("sysv:1", 7, 7), ("zmq:@ipc:///x", 0, 1), ("posix-mq:/q", nil, 256), ("mem:q", 1, .max)])
    func noMoreIsTakenThanMayBeLost(name: String, prefetch: Int?, most: Int) throws {
        let source = try MemoryBroker(fixture)
        try source.send((0..<2000).map { "\($0)" })
        let receiver = Asked(try source.transport.openReceiver(Opening(stop: StopFlag())))
        let address = try ResolvedAddress(name, options: [])
        let output = open("/dev/null", O_RDWR)
        defer { close(output) }
        let stop = StopFlag()
        let work = try OutputWork(
            RecordWriter(.framed(.lines), to: OutputStream(output), queue: "q", raw: true, isStrict: false, warn: { _ in }),
            to: OutputStream(output), .framed(.lines), peeks: false, stop: stop, console: quiet)
        var limits = Intake.Limits()
        (limits.drains, limits.window) = (true, Intake.window(prefetch, address, peeks: false))
        let intake = Intake(
            receiver, of: address, limits, for: work, deadLetters: nil, tally: Tally(), turn: Turn(), stop: stop, console: quiet)
        #expect(try intake.run().isSuccess)
        #expect(receiver.limits.allSatisfy { $0 == most } && receiver.handedOver == 2000)
    }
}
