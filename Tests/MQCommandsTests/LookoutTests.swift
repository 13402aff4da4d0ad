import Glibc
import MQCore
import Testing

@testable import MQCommands

/// A work's descriptor ends the wait for a message, and only that.
@Suite(.timeLimit(.minutes(1)))
struct LookoutTests {
    @Test func whatBecomesReadyEndsTheTurn() throws {
        let (pipe, turn) = (Pipe(), Turn())
        let lookout = try Lookout(pipe.ends[0], turn)
        for _ in 0..<100 {
            turn.begin()
            lookout.begin()
            pipe.give("x")
            #expect(Readiness.wait(for: 0, on: -1, until: .after(.seconds(10)), stop: turn.flag) == .stopped)
            lookout.end()
            var byte: UInt8 = 0
            #expect(read(pipe.ends[0], &byte, 1) == 1)
        }
    }

    @Test func whatIsReadyAlreadyEndsTheTurnAtOnce() throws {
        let (pipe, turn) = (Pipe(), Turn())
        let lookout = try Lookout(pipe.ends[0], turn)
        pipe.give("x")
        lookout.begin()
        #expect(Readiness.wait(for: 0, on: -1, until: .after(.seconds(10)), stop: turn.flag) == .stopped)
        lookout.end()
    }

    @Test func nothingIsToldBetweenTwoWaits() throws {
        let (pipe, turn) = (Pipe(), Turn())
        let lookout = try Lookout(pipe.ends[0], turn)
        lookout.begin()
        lookout.end()
        pipe.give("x")
        #expect(Readiness.wait(for: 0, on: -1, until: .after(.milliseconds(30)), stop: turn.flag) == .deadlinePassed)
    }
}
