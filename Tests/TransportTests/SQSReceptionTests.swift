import MQCore
import Testing

@testable import TransportSQS

/// Receiving as a value: no socket, no thread, and the time is what the test says it is.
@Suite("sqs: receiving without a service", .timeLimit(.minutes(1)))
struct SQSReceptionTests {
    private static let second: UInt64 = 1_000_000_000

    /// A reception with an owner and a clock.
    private struct Bench {
        var reception: Reception
        var now: UInt64 = 1000 * SQSReceptionTests.second
        var polls: [(tag: Int, poll: Reception.Poll)] = []
        var jobs: [(tag: Int, job: Reception.Job)] = []
        var cancelled: [Int] = []
        var isDone = false
        private var serial = 0

        init(_ change: (inout Reception.Plan) -> Void = { _ in }) {
            var plan = Reception.Plan()
            change(&plan)
            reception = Reception(plan)
        }

        @discardableResult
        mutating func advance(_ seconds: Double = 0) -> UInt64 {
            now += UInt64(seconds * 1e9)
            let result = reception.advance(at: now)
            for action in result.actions {
                switch action {
                case .cancel(let tag):
                    cancelled.append(tag)
                    polls.removeAll { $0.tag == tag }
                case .start(let tag, .poll(let poll), _): polls.append((tag, poll))
                case .start(let tag, .job(let job), let receipts):
                    #expect(receipts.map(\.position) == job.positions)
                    jobs.append((tag, job))
                }
            }
            isDone = result.isDone
            return result.due
        }

        /// The oldest poll is answered with `count` messages.
        mutating func answer(_ count: Int) {
            let (tag, _) = polls.removeFirst()
            guard case .poll(let poll)? = reception.ended(tag) else {
                Issue.record("no such poll")
                return
            }
            let messages = (0..<count).map { _ in
                defer { serial += 1 }
                var message = ReceivedMessage()
                (message.handle, message.body) = (Array("r\(serial)".utf8), Array("m\(serial)".utf8))
                return message
            }
            _ = reception.arrived(messages, poll, at: now)
        }

        /// The oldest poll fails, and is given up or goes again at once.
        mutating func fail(_ error: TransportError, _ decision: RetryPolicy.Decision) {
            let (tag, _) = polls.removeFirst()
            guard let exchange = reception.ended(tag) else {
                Issue.record("no such poll")
                return
            }
            reception.failed(exchange, decision, error, at: now)
        }

        /// The oldest job is answered; all but `missing` succeed.
        mutating func finish(missing: Set<Int> = [], failing: [Int: String] = [:]) throws -> Reception.Job? {
            try #require(!jobs.isEmpty, "no job is under way")
            guard case .job(let job)? = reception.ended(jobs.removeFirst().tag) else { return nil }
            let good = job.positions.filter { !missing.contains($0) && failing[$0] == nil }.map { "{\"Id\":\"\($0)\"}" }
            let bad = job.positions.compactMap { position in
                failing[position].map { "{\"Id\":\"\(position)\",\"Code\":\"\($0)\",\"SenderFault\":true}" }
            }
            let text = "{\"Successful\":[\(good.joined(separator: ","))],\"Failed\":[\(bad.joined(separator: ","))]}"
            return reception.finished(job, try SendReply(parsing: Array(text.utf8)), at: now)?.rest
        }

        mutating func ask(_ limit: Int, _ deadline: Deadline = .never) { _ = reception.ask(limit, wantsProperties: false, until: deadline) }
        /// The numbers of the messages that are handed over.
        mutating func take(_ limit: Int = .max) -> [Int] {
            reception.take(limit, byteLimit: .max).compactMap { Int(String(decoding: $0.body.dropFirst(), as: UTF8.self)) }
        }
    }

    // MARK: - Polls

    @Test func nothingIsTakenBeforeTheOwnerAsksAndNoMoreThanItAskedFor() {
        var bench = Bench()
        bench.advance()
        #expect(bench.polls.isEmpty)
        bench.ask(3)
        bench.advance()
        #expect(bench.polls.map(\.poll.asked) == [3] && bench.polls[0].poll.wait == 20)
        bench.answer(3)
        bench.advance()
        #expect(bench.take() == [0, 1, 2])
        bench.advance()
        #expect(bench.polls.isEmpty)
    }

    @Test func fullRepliesMakeMorePollsAndEmptyOnesFewer() {
        var bench = Bench()
        bench.ask(.max)
        var counts: [Int] = []
        for _ in 0..<3 {
            bench.advance()
            counts.append(bench.polls.count)
            bench.answer(10)
            _ = bench.take()
        }
        bench.advance()
        counts.append(bench.polls.count)
        while !bench.polls.isEmpty { bench.answer(0) }
        bench.advance()
        #expect(counts == [1, 2, 4, 4] && bench.polls.count == 1)
    }

    @Test func aPipeIsPacedFromWhatOnePollBringsAndDeletedInTens() throws {
        var bench = Bench { $0.total = .max }
        var (asked, deleted) = ([Int](), [Int]())
        for position in 0..<30 {
            bench.ask(1)
            bench.advance()
            if !bench.polls.isEmpty {
                asked.append(bench.polls[0].poll.asked)
                bench.answer(10)
            }
            #expect(bench.take(1) == [position])
            _ = bench.reception.settle(position..<position + 1, delay: nil)
            bench.advance(0.0005)
            while !bench.jobs.isEmpty {
                deleted.append(bench.jobs[0].job.positions.count)
                #expect(try bench.finish() == nil)
            }
        }
        #expect(asked == [10, 10, 10] && deleted == [10, 10, 10])
    }

    @Test func aCountedRunTakesItsCountInOnePollAndNotOneMore() {
        var bench = Bench { ($0.total, $0.window) = (5, 5) }
        bench.ask(1)
        bench.advance()
        #expect(bench.polls.map(\.poll.asked) == [5])
        bench.answer(3)
        for position in 0..<3 {
            #expect(bench.take(1) == [position])
            bench.ask(1)
        }
        bench.advance()
        #expect(bench.polls.map(\.poll.asked) == [2])
        bench.answer(2)
        #expect(bench.take(1) == [3] && bench.take(1) == [4])
        bench.advance()
        #expect(bench.polls.isEmpty)
    }

    @Test func aPollEndsBeforeItsOwnersWait() {
        for (wait, expected) in [(0.3, 0), (1.4, 0), (1.6, 1), (5.0, 4), (60, 20)] {
            var bench = Bench()
            bench.ask(1, .after(.nanoseconds(Int64(wait * 1e9))))
            bench.advance()
            #expect(bench.polls.first?.poll.wait == expected, "\(wait)")
        }
    }

    // MARK: - Emptiness

    @Test func aQueueIsEmptyAfterThreePollsThatBroughtNothing() {
        var bench = Bench { $0.endsWhenEmpty = true }
        bench.ask(.max)
        for round in 0..<3 {
            bench.advance(0.1)
            #expect(bench.polls.first?.poll.wait == 1 && !bench.reception.isEmpty, "\(round)")
            bench.answer(0)
        }
        #expect(bench.reception.isEmpty)
    }

    @Test func aPollThatIsNotAnsweredIsNotAnEmptyOne() {
        var bench = Bench { $0.endsWhenEmpty = true }
        bench.ask(.max)
        bench.advance()
        let start = bench.now
        #expect(bench.reception.silence(since: start, at: start + Self.second) == nil)
        let late = bench.reception.silence(since: start, at: start + 30 * Self.second)
        #expect(late?.code == .tryAgain && late?.message.contains("30s") == true, "\(String(describing: late))")
        // One answer before does not make the next one's silence an emptiness.
        bench.now += Self.second
        bench.answer(0)
        bench.advance()
        #expect(bench.reception.silence(since: start, at: bench.now + 20 * Self.second)?.code == .tryAgain)
    }

    @Test func aPollThatFailsIsNotAnEmptyOneUntilOneIsAnswered() {
        var bench = Bench()
        bench.ask(.max)
        bench.advance()
        let start = bench.now
        bench.fail(TransportError(.unreachable, "gone"), .after(.milliseconds(10)))
        #expect(bench.reception.silence(since: start, at: start + Self.second)?.code == .unreachable)
        bench.advance(0.1)
        bench.answer(0)
        #expect(bench.reception.silence(since: start, at: bench.now) == nil)
    }

    // MARK: - Leaving

    @Test func whatWasShownOrNotSettledIsGivenBackInTheSameStepThatSeesTheOwnerGo() throws {
        for isPeeking in [true, false] {
            var bench = Bench { ($0.isPeeking, $0.total) = (isPeeking, 3) }
            bench.ask(3)
            bench.advance()
            bench.answer(3)
            #expect(bench.take() == [0, 1, 2])
            bench.advance()
            bench.reception.close()
            bench.advance()
            #expect(!bench.isDone && bench.jobs.map(\.job.kind) == [.release(0)] && bench.jobs[0].job.positions == [0, 1, 2])
            #expect(try bench.finish(missing: [1])?.positions == [1])
        }
    }

    @Test func aReceiverIsNotDoneBeforeItHasLeft() {
        var bench = Bench { $0.isPeeking = true }
        bench.ask(3)
        bench.advance()
        bench.answer(3)
        // Closed by another thread, between two steps.
        let before = bench.reception.advance(at: bench.now)
        bench.reception.close()
        #expect(!before.isDone)
    }

    @Test func aYoungPollIsHeardOutAndAnOldOneDropped() {
        var bench = Bench()
        bench.ask(.max)
        bench.advance()
        bench.reception.close()
        let due = bench.advance(0.05)
        #expect(bench.cancelled.isEmpty && !bench.isDone && due == bench.now + 150_000_000)
        bench.advance(0.2)
        #expect(bench.cancelled.count == 1 && bench.isDone)
    }

    // MARK: - Deleting

    @Test func deletionsShareRequestsWhileMessagesFlowAndGoAtOnceWhenTheOwnerWaits() {
        var bench = Bench()
        bench.ask(.max)
        bench.advance()
        bench.answer(10)
        #expect(bench.take().count == 10)
        _ = bench.reception.settle(0..<4, delay: nil)
        bench.advance()
        #expect(bench.jobs.isEmpty)
        bench.advance(0.021)
        #expect(bench.jobs.map(\.job.positions) == [[0, 1, 2, 3]])
        bench.reception.isFlowing = false
        bench.ask(.max)
        _ = bench.reception.settle(4..<5, delay: nil)
        bench.advance()
        #expect(bench.jobs.map(\.job.positions) == [[0, 1, 2, 3], [4]])
    }

    @Test func whatCannotBeDeletedIsCountedAndAReceiptThatIsNoMoreIsOnlySaid() throws {
        var bench = Bench()
        bench.ask(4)
        bench.advance()
        bench.answer(4)
        _ = bench.take()
        #expect(bench.reception.settle(0..<5, delay: nil).unknown == 1)
        bench.reception.isFlowing = false
        bench.ask(1)
        bench.advance()
        #expect(try bench.finish(failing: [1: "ReceiptHandleIsInvalid", 2: "InvalidParameterValue"]) == nil)
        #expect(bench.reception.staleReceipts == 1 && bench.reception.undeleted == 1 && bench.reception.held.count == 0)
    }

    @Test func whatIsHeldIsExtendedAtHalfItsVisibility() throws {
        var bench = Bench { $0.visibility = 10 }
        bench.ask(1)
        bench.advance()
        bench.answer(1)
        _ = bench.take()
        #expect(bench.advance(4.9) <= bench.now + 100_000_000 && bench.jobs.isEmpty)
        bench.advance(0.2)
        #expect(bench.jobs.map(\.job.kind) == [.extend])
        #expect(try bench.finish() == nil)
        bench.advance(5.1)
        #expect(bench.jobs.map(\.job.kind) == [.extend])
        _ = bench.reception.settle(0..<1, delay: 0)
        bench.advance()
        #expect(bench.jobs.map(\.job.kind) == [.extend, .release(0)])
    }

    @Test func anEndOfTheServiceCountsWhatWasToBeDeleted() {
        var bench = Bench()
        bench.ask(12)
        bench.advance()
        bench.answer(10)
        _ = bench.take()
        _ = bench.reception.settle(0..<10, delay: nil)
        bench.advance()
        bench.reception.end(TransportError(.permission, "no credentials"))
        #expect(bench.reception.undeleted == 10 && bench.reception.isClosed && bench.reception.failure?.code == .permission)
    }

    // MARK: - FIFO

    @Test func aGroupIsAskedForAgainWhenWhatCameIsDeleted() throws {
        var bench = Bench { $0.isFIFO = true }
        bench.ask(.max)
        bench.advance()
        #expect(bench.polls.first?.poll.attempt != nil)
        bench.answer(10)
        _ = bench.take()
        bench.ask(.max)
        bench.advance()
        #expect(bench.polls.isEmpty)
        _ = bench.reception.settle(0..<10, delay: nil)
        bench.advance()
        #expect(bench.polls.isEmpty && bench.jobs.count == 1)
        #expect(try bench.finish() == nil)
        bench.advance()
        #expect(!bench.polls.isEmpty)
    }
}
