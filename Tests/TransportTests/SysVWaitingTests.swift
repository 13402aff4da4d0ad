import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing
import TransportSysV

/// msgsnd and msgrcv have no timeout and no descriptor: what ends them is a signal, and no signal may cost a message.
@Suite("sysv, waiting", .ownThread, .timeLimit(.minutes(1)))
struct SysVWaitingTests {
    /// A blocking sender and a slow receiver, and the other way round, with and without a timer in play.
    @Test(arguments: [(0, 200), (200, 0)], [Duration?.none, .milliseconds(3), .seconds(30)])
    func signalsEveryMillisecondLoseNothing(pauses: (send: Int, receive: Int), wait: Duration?) throws {
        let queue = try SysVQueueFixture(",qbytes=1000")
        let (transport, stop, count) = (try queue.at(), queue.stop, 2000)
        try SignalStorm.withInstalledHandler {
            let storm = SignalStorm()
            storm.addThisThread()
            let sending = Background {
                storm.addThisThread()
                defer { storm.removeThisThread() }
                let sender = try transport.openSender(Opening(stop: stop))
                var batch = Batch()
                for number in 0..<count { batch.append(Array("\(number)".utf8)) }
                var done = 0
                while done < count {
                    let end = pauses.send > 0 ? done + 1 : min(done + 50, count)
                    done += try sender.send(batch, done..<end, until: .after(wait), stop: stop)
                    if pauses.send > 0 { usleep(UInt32(pauses.send)) }
                }
                return sender.confirmed
            }
            let receiver = try transport.openReceiver(Opening(stop: stop))
            var batch = Batch()
            while batch.count < count {
                let outcome = try receiver.receive(into: &batch, limit: 20, byteLimit: 1 << 16, until: .after(wait), stop: stop)
                #expect(outcome == .received || outcome == .deadlinePassed)
                if pauses.receive > 0 { usleep(UInt32(pauses.receive)) }
            }
            storm.removeThisThread()
            #expect(try sending.join() == count)
            let numbers = (0..<count).map { Int(String(decoding: batch.bytes(of: $0), as: UTF8.self)) }
            #expect(numbers == Array(0..<count))
        }
    }

    @Test func aStopIsNoticedWheneverItComes() throws {
        let queue = try SysVQueueFixture()
        let transport = try queue.at()
        for round in 0..<200 {
            let stop = StopFlag()
            let raising = Background {
                for _ in 0..<(round * 40) { _ = Deadline.now() }
                stop.raise()
            }
            let receiver = try transport.openReceiver(Opening(stop: stop))
            var batch = Batch()
            #expect(try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .never, stop: stop) == .stopped)
            try raising.join()
        }
    }

    @Test(arguments: [Duration?.none, .milliseconds(40)])
    func aThreadThatBlocksEverySignalIsWokenAllTheSame(wait: Duration?) throws {
        let queue = try SysVQueueFixture()
        let (transport, stop) = (try queue.at(), StopFlag())
        let waiting = Background {
            var everything = sigset_t()
            sigfillset(&everything)
            pthread_sigmask(SIG_BLOCK, &everything, nil)
            let receiver = try transport.openReceiver(Opening(stop: stop))
            var batch = Batch()
            return try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .after(wait), stop: stop)
        }
        usleep(80_000)
        stop.raise()
        #expect(try waiting.join() == (wait == nil ? .stopped : .deadlinePassed))
    }

    /// `__rusage_who_t(1)` is RUSAGE_THREAD, which Swift's Glibc leaves out.
    @Test func anIdleReceiverNeverWakes() throws {
        let queue = try SysVQueueFixture()
        let (transport, stop) = (try queue.at(), queue.stop)
        for wait in [Duration?.none, .seconds(60)] {
            let waiting = Background {
                let receiver = try transport.openReceiver(Opening(stop: stop))
                var batch = Batch()
                var usage = rusage()
                getrusage(__rusage_who_t(1), &usage)
                let before = usage.ru_nvcsw
                let outcome = try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .after(wait), stop: stop)
                getrusage(__rusage_who_t(1), &usage)
                return (outcome, usage.ru_nvcsw - before)
            }
            usleep(300_000)
            var batch = Batch()
            batch.append([1])
            let sender = try transport.openSender(Opening(stop: stop))
            #expect(try sender.send(batch, 0..<1, until: .never, stop: stop) == 1)
            let (outcome, switches) = try waiting.join()
            #expect(outcome == .received)
            // Yielding may give the processor away 20 times before; a wake-up every 2 ms would make 150.
            #expect(switches < 60, "\(switches) times in 300 ms")
        }
    }

    @Test func aDeadlineHoldsOnAnotherThreadThanBefore() throws {
        let queue = try SysVQueueFixture()
        let (transport, stop) = (try queue.at(), queue.stop)
        for _ in 0..<3 {
            let elapsed = try Background {
                let receiver = try transport.openReceiver(Opening(stop: stop))
                var batch = Batch()
                var total: UInt64 = 0
                for _ in 0..<5 {
                    let start = Deadline.now()
                    _ = try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .after(.milliseconds(20)), stop: stop)
                    total += Deadline.now() - start
                }
                return total
            }.join()
            #expect(elapsed >= 100_000_000)
        }
    }

    @Test func aMessageOfAnotherTypeDoesNotWakeForGood() throws {
        let queue = try SysVQueueFixture()
        try queue.send(types: [2])
        let receiver = try queue.at(",type=1").openReceiver(Opening(stop: queue.stop))
        var batch = Batch()
        let outcome = try receiver.receive(into: &batch, limit: 1, byteLimit: 1, until: .after(.milliseconds(30)), stop: queue.stop)
        #expect(outcome == .deadlinePassed && batch.isEmpty)
    }
}
