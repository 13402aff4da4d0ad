import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

/// One after another: they measure time.
@Suite(.serialized, .ownThread, .timeLimit(.minutes(1)))
struct WaitingTests {
    // MARK: - Deadline

    @Test func neverHasNoEnd() {
        #expect(Deadline.never.isNever)
        #expect(!Deadline.never.hasPassed)
        #expect(Deadline.never.remaining == nil)
        #expect(Deadline.after(nil) == .never)
    }

    @Test func immediatelyHasAlwaysPassed() {
        #expect(Deadline.immediately.hasPassed)
        #expect(Deadline.immediately.remaining == 0)
    }

    @Test func zeroAndLessHavePassed() {
        for duration in [Duration.zero, .seconds(-1), .nanoseconds(-1), .seconds(Int64.min)] { #expect(Deadline.after(duration).hasPassed) }
    }

    @Test func theFutureIsCountedDown() throws {
        let left = try #require(Deadline.after(.seconds(60)).remaining)
        #expect(left <= 60_000_000_000 && left > 50_000_000_000)
        #expect(!Deadline.after(.seconds(60)).hasPassed)
    }

    @Test func moreThanFitsIsNever() {
        #expect(Deadline.after(.seconds(Int64.max)).isNever)
        #expect(Deadline.after(.seconds(18_446_744_073)).isNever)
        #expect(!Deadline.after(.seconds(3_200_000_000)).isNever)
    }

    @Test func theEarlierOfTwoWins() {
        let soon = Deadline.after(.seconds(1))
        #expect(soon.earlier(.never) == soon)
        #expect(Deadline.never.earlier(soon) == soon)
        #expect(soon.earlier(.immediately) == .immediately)
    }

    @Test(
        arguments: [
            (.zero, 0), (.seconds(1), 1_000_000_000), (.nanoseconds(7), 7), (.milliseconds(-1), 0), (.seconds(-5), 0),
            (.seconds(Int64.max), .max),
            (.seconds(18_446_744_073) + .nanoseconds(709_551_615), .max), (.seconds(18_446_744_073) + .nanoseconds(709_551_616), .max),
            (Duration(secondsComponent: 0, attosecondsComponent: 999_999_999), 0),
        ] as [(Duration, UInt64)])
    func durationsAreClamped(duration: Duration, nanoseconds: UInt64) { #expect(duration.nanoseconds == nanoseconds) }

    // MARK: - Readiness

    @Test(arguments: [0, 300, 1200, 2500, 20_000])
    func sleepEndsInTime(microseconds: Int64) {
        let start = ContinuousClock.now
        let outcome = Readiness.sleep(until: .after(.microseconds(microseconds)), stop: StopFlag())
        let slept = ContinuousClock.now - start
        #expect(outcome == .deadlinePassed)
        #expect(slept >= .microseconds(microseconds))
        // A tenth of a millisecond on an idle machine; a busy one may take the processor away.
        #expect(slept < .microseconds(microseconds) + .milliseconds(50))
    }

    @Test func readyDescriptorEndsTheWait() throws {
        let pipe = try Pipe()
        #expect(Readiness.wait(for: POLLIN, on: pipe.read, until: .immediately, stop: StopFlag()) == .deadlinePassed)
        #expect(Readiness.wait(for: POLLOUT, on: pipe.write, until: .never, stop: StopFlag()) == .ready)
        pipe.put()
        #expect(Readiness.wait(for: POLLIN, on: pipe.read, until: .never, stop: StopFlag()) == .ready)
    }

    @Test func aRaisedFlagComesBeforeAReadyDescriptor() throws {
        let pipe = try Pipe()
        pipe.put()
        let stop = StopFlag()
        stop.raise()
        #expect(Readiness.wait(for: POLLIN, on: pipe.read, until: .never, stop: stop) == .stopped)
        #expect(Readiness.sleep(until: .never, stop: stop) == .stopped)
    }

    // MARK: - StopFlag

    @Test func theFirstReasonStays() {
        let stop = StopFlag()
        #expect(!stop.isRaised)
        #expect(stop.reason == nil)
        stop.raise(.terminate)
        stop.raise(.interrupt)
        #expect(stop.isRaised)
        #expect(stop.reason == .terminate)
    }

    @Test func raisedBeforeNothingIsCalled() {
        let stop = StopFlag()
        stop.raise()
        var isCalled = false
        let result: Int? = stop.interrupting {
            isCalled = true
            return 1
        }
        #expect(result == nil)
        #expect(!isCalled)
    }

    @Test func withoutAFlagTheCallJustReturns() { #expect(StopFlag().interrupting { 7 } == 7) }

    /// Raised when the other thread has surely begun to wait, the flag wakes it within 50 ms.
    @Test(arguments: ["poll", "sleep", "read"])
    func wakesABlockedCall(kind: String) throws {
        let pipe = try Pipe()
        let delay = try shortest(enough: .milliseconds(50)) {
            let stop = StopFlag()
            let waiting = Background { () -> ContinuousClock.Instant in
                switch kind {
                case "poll": _ = Readiness.wait(for: POLLIN, on: pipe.read, until: .never, stop: stop)
                case "sleep": _ = Readiness.sleep(until: .after(.seconds(30)), stop: stop)
                default:
                    var byte: UInt8 = 0
                    while !stop.isRaised { _ = stop.interrupting { Glibc.read(pipe.read, &byte, 1) } }
                }
                return .now
            }
            usleep(20_000)
            #expect(!waiting.isDone)
            let raised = ContinuousClock.now
            stop.raise()
            return try waiting.join() - raised
        }
        #expect(delay < .milliseconds(50))
    }

    /// The signal that comes just before the call is repeated until the thread has left it.
    @Test func noSignalIsLostBeforeTheCall() throws {
        for _ in 0..<200 {
            let stop = StopFlag()
            let pipe = try Pipe()
            let waiting = Background { () -> Void in
                var byte: UInt8 = 0
                while !stop.isRaised { _ = stop.interrupting { Glibc.read(pipe.read, &byte, 1) } }
            }
            stop.raise()
            try waiting.join()
        }
    }

    @Test func severalThreadsWakeTogether() throws {
        let stop = StopFlag()
        let threads = (0..<8).map { _ in Background { Readiness.sleep(until: .after(.seconds(30)), stop: stop) } }
        stop.raise(.interrupt)
        for thread in threads { #expect(try thread.join() == .stopped) }
    }
}

private final class Pipe: Sendable {
    let read: CInt
    let write: CInt

    init() throws {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ConformanceFailure("no pipe: errno \(errno)") }
        (read, write) = (ends[0], ends[1])
    }

    func put() {
        var byte: UInt8 = 1
        _ = Glibc.write(write, &byte, 1)
    }

    deinit {
        close(read)
        close(write)
    }
}
