import Glibc
import MQCore
import Testing

@testable import TransportZMQ

@Suite("ZMQ deadlines and stops", .serialized, .timeLimit(.minutes(1)))
struct ZMQStopTests {
    /// How long `body` goes on after the flag is raised, in milliseconds.
    private func delay(_ stop: StopFlag, _ body: () throws -> Void) rethrows -> Double {
        let raised = Job { () -> UInt64 in
            usleep(350_000)
            let now = Deadline.now()
            stop.raise()
            return now
        }
        try body()
        let end = Deadline.now()
        return (Double(end) - Double((try? raised.value()) ?? 0)) / 1e6
    }

    @Test func receiveMeetsItsDeadlineAndTheFlag() throws {
        let stop = StopFlag()
        let receiver = try ZMQ.transport("zmq:@ipc://\(ZMQ.path())").openReceiver(ZMQ.opening(stop))
        var batch = Batch()
        let took = try ZMQ.milliseconds {
            let outcome = try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .after(.milliseconds(100)), stop: stop)
            #expect(outcome == .deadlinePassed)
        }
        #expect(took >= 99 && took < 150)
        #expect(try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .immediately, stop: stop) == .deadlinePassed)
        let late = try delay(stop) {
            let outcome = try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .never, stop: stop)
            #expect(outcome == .stopped)
        }
        #expect(late >= 0 && late < 50)
    }

    @Test(arguments: [
        "zmq:tcp://127.0.0.1:9", "zmq:@tcp://127.0.0.1:*", "zmq:pub:@tcp://127.0.0.1:*,wait-peers=1", "zmq:pair:ipc:///tmp/mq-not-there",
    ])
    func sendWithoutAPeerMeetsItsDeadlineAndTheFlag(address: String) throws {
        let stop = StopFlag()
        let sender = try ZMQ.transport(address).openSender(ZMQ.opening(stop))
        var batch = Batch()
        batch.append([1])
        let took = try ZMQ.milliseconds {
            let accepted = try sender.send(batch, 0..<1, until: .after(.milliseconds(100)), stop: stop)
            #expect(accepted == 0)
        }
        #expect(took >= 99 && took < 150)
        let late = try delay(stop) {
            let accepted = try sender.send(batch, 0..<1, until: .never, stop: stop)
            #expect(accepted == 0)
        }
        #expect(late >= 0 && late < 50)
        let flushed = try ZMQ.milliseconds { try sender.flush(until: .never, stop: stop) }
        #expect(flushed < 50)
    }

    // A bound SUB asks for messages only when it is used, hence it connects here.
    @Test(arguments: [("push:", "pull:@"), ("pub:@", "sub:")])
    func sendAndFlushToAPeerThatDoesNotReadMeetTheFlag(sending: String, receiving: String) throws {
        let path = ZMQ.path()
        let quiet = StopFlag()
        let receiver = try ZMQ.transport("zmq:\(receiving)ipc://\(path),hwm=10").openReceiver(ZMQ.opening(quiet))
        let stop = StopFlag()
        let sender = try ZMQ.transport("zmq:\(sending)ipc://\(path),hwm=10").openSender(ZMQ.opening(stop))
        var batch = Batch()
        for message in ZMQ.numbered(1000, size: 10_000) { batch.append(message) }
        let late = try delay(stop) {
            let accepted = try sender.send(batch, 0..<batch.count, until: .never, stop: stop)
            #expect(accepted < 1000)
        }
        #expect(late >= 0 && late < 50)
        // The flag is up already, and messages that will not go are left behind.
        let flushed = ZMQ.milliseconds { #expect(ZMQ.error { try sender.flush(until: .never, stop: stop) }?.code == .tryAgain) }
        #expect(flushed < 60)
        try receiver.close(until: .never, stop: quiet)
    }

    @Test func flushMeetsTheFlagRaisedMeanwhile() throws {
        let path = ZMQ.path()
        let quiet = StopFlag()
        let receiver = try ZMQ.transport("zmq:@ipc://\(path),hwm=10").openReceiver(ZMQ.opening(quiet))
        let stop = StopFlag()
        let sender = try ZMQ.transport("zmq:ipc://\(path),hwm=10").openSender(ZMQ.opening(quiet))
        var batch = Batch()
        for message in ZMQ.numbered(1000, size: 10_000) { batch.append(message) }
        _ = try sender.send(batch, 0..<batch.count, until: .after(.milliseconds(50)), stop: quiet)
        let late = delay(stop) { #expect(ZMQ.error { try sender.flush(until: .never, stop: stop) }?.code == .tryAgain) }
        #expect(late >= 0 && late < 50)
        try receiver.close(until: .never, stop: quiet)
    }

    @Test func peerThatLeavesWithBytesUnreadIsAnError() throws {
        let path = ZMQ.path()
        let quiet = StopFlag()
        let closing = Job {
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
        let error = ZMQ.error { try sender.flush(until: .after(.seconds(2)), stop: quiet) }
        #expect(error?.code == .unreachable || error?.code == .tryAgain)
        _ = try closing.value()
    }
}
