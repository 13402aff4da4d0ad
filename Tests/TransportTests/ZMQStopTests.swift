import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportZMQ

@Suite("ZMQ deadlines and stops", .serialized, .ownThread, .timeLimit(.minutes(1)))
struct ZMQStopTests {
    /// How long `body` goes on after the flag is raised, which is when it has surely begun to wait.
    private func delay(_ stop: StopFlag, _ body: () throws -> Void) throws -> Duration {
        let raising = Background { () -> ContinuousClock.Instant in
            usleep(200_000)
            let now = ContinuousClock.now
            stop.raise()
            return now
        }
        try body()
        let end = ContinuousClock.now
        let raised = try raising.join()
        #expect(raised <= end, "ended by itself")
        return end - raised
    }

    private func duration(_ body: () throws -> Void) rethrows -> Duration {
        let start = ContinuousClock.now
        try body()
        return ContinuousClock.now - start
    }

    /// A deadline of 100 ms is kept: never early, and 50 ms late at most.
    private func expectHundred(_ body: () throws -> Void) rethrows {
        let took = try shortest(enough: .milliseconds(150)) {
            let took = try duration(body)
            #expect(took >= .milliseconds(99))
            return took
        }
        #expect(took < .milliseconds(150))
    }

    /// What `attempt` measures is 50 ms at most; one attempt may be late on a busy machine.
    private func expectPrompt(_ attempt: () throws -> Duration) rethrows {
        let took = try shortest(enough: .milliseconds(50), attempt)
        #expect(took < .milliseconds(50))
    }

    @Test func receiveMeetsItsDeadlineAndTheFlag() throws {
        let quiet = StopFlag()
        let receiver = try ZMQ.transport("zmq:@ipc://\(ZMQ.path())").openReceiver(ZMQ.opening(quiet))
        var batch = Batch()
        try expectHundred {
            let outcome = try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .after(.milliseconds(100)), stop: quiet)
            #expect(outcome == .deadlinePassed)
        }
        #expect(try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .immediately, stop: quiet) == .deadlinePassed)
        try expectPrompt {
            let stop = StopFlag()
            return try delay(stop) {
                let outcome = try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .never, stop: stop)
                #expect(outcome == .stopped)
            }
        }
    }

    @Test(arguments: [
        "zmq:tcp://127.0.0.1:9", "zmq:@tcp://127.0.0.1:*", "zmq:pub:@tcp://127.0.0.1:*,wait-peers=1", "zmq:pair:ipc:///tmp/mq-not-there",
    ])
    func sendWithoutAPeerMeetsItsDeadlineAndTheFlag(address: String) throws {
        let quiet = StopFlag()
        let sender = try ZMQ.transport(address).openSender(ZMQ.opening(quiet))
        var batch = Batch()
        batch.append([1])
        try expectHundred {
            let accepted = try sender.send(batch, 0..<1, until: .after(.milliseconds(100)), stop: quiet)
            #expect(accepted == 0)
        }
        try expectPrompt {
            let stop = StopFlag()
            return try delay(stop) {
                let accepted = try sender.send(batch, 0..<1, until: .never, stop: stop)
                #expect(accepted == 0)
            }
        }
        quiet.raise()
        try expectPrompt { try duration { try sender.flush(until: .never, stop: quiet) } }
    }

    /// What `body` takes with a sender whose receiver does not read.
    private func stuck(_ sending: String = "", _ receiving: String = "@", _ body: (any Sender) throws -> Duration) throws -> Duration {
        let path = ZMQ.path()
        let quiet = StopFlag()
        let receiver = try ZMQ.transport("zmq:\(receiving)ipc://\(path),hwm=10").openReceiver(ZMQ.opening(quiet))
        let sender = try ZMQ.transport("zmq:\(sending)ipc://\(path),hwm=10").openSender(ZMQ.opening(quiet))
        let took = try body(sender)
        try receiver.close(until: .never, stop: quiet)
        return took
    }

    /// More than fits between two ends that hold ten messages each.
    private func plenty() -> Batch {
        var batch = Batch()
        for message in ZMQ.numbered(1000, size: 10_000) { batch.append(message) }
        return batch
    }

    // A bound SUB asks for messages only when it is used, hence it connects here.
    @Test(arguments: [("push:", "pull:@"), ("pub:@", "sub:")])
    func sendAndFlushToAPeerThatDoesNotReadMeetTheFlag(sending: String, receiving: String) throws {
        try expectPrompt {
            try stuck(sending, receiving) { sender in
                let batch = plenty()
                let stop = StopFlag()
                let late = try delay(stop) {
                    let accepted = try sender.send(batch, 0..<batch.count, until: .never, stop: stop)
                    #expect(accepted < 1000)
                }
                // The flag is up already, and messages that will not go are left behind.
                let flushed = duration { #expect(ZMQ.error { try sender.flush(until: .never, stop: stop) }?.code == .tryAgain) }
                return max(late, flushed)
            }
        }
    }

    @Test func flushMeetsTheFlagRaisedMeanwhile() throws {
        try expectPrompt {
            try stuck { sender in
                let batch = plenty()
                _ = try sender.send(batch, 0..<batch.count, until: .after(.milliseconds(50)), stop: StopFlag())
                let stop = StopFlag()
                return try delay(stop) { #expect(ZMQ.error { try sender.flush(until: .never, stop: stop) }?.code == .tryAgain) }
            }
        }
    }

    @Test func peerThatLeavesWithBytesUnreadIsAnError() throws {
        let path = ZMQ.path()
        let quiet = StopFlag()
        let closing = Background {
            let receiver = try ZMQ.transport("zmq:@ipc://\(path),hwm=1").openReceiver(ZMQ.opening(quiet))
            var batch = Batch()
            _ = try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .after(.seconds(5)), stop: quiet)
            usleep(300_000)
            try receiver.close(until: .never, stop: quiet)
        }
        let sender = try ZMQ.transport("zmq:ipc://\(path),hwm=1000").openSender(ZMQ.opening(quiet))
        var batch = Batch()
        for message in ZMQ.numbered(40, size: 4000) { batch.append(message) }
        #expect(try sender.send(batch, 0..<40, until: .after(.seconds(2)), stop: quiet) == 40)
        // A peer of this engine takes only what it reads: the rest waits for another one, in vain.
        let error = ZMQ.error { try sender.flush(until: .after(.milliseconds(800)), stop: quiet) }
        #expect(error?.code == .tryAgain, "\(error?.sentence ?? "")")
        _ = try closing.join()
    }
}
