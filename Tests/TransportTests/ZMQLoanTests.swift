import MQCore
import MQStandIns
import MQTesting
import Testing
import TransportZMQ

@Suite("ZMQ without copies", .ownThread, .timeLimit(.minutes(1)))
struct ZMQLoanTests {
    /// A batch full of messages of `size` bytes, whose first byte is their number.
    private func batch(_ count: Int, size: Int = 4096) -> Batch {
        var batch = Batch(byteCapacity: count * size)
        for number in 0..<count { batch.append([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size)) }
        return batch
    }

    /// Whether nothing of the batch is lent any more: then it goes on where it was.
    private func isWhole(_ batch: inout Batch) -> Bool {
        let before = batch.start(of: 0)
        batch.removeAll()
        batch.append([1])
        return batch.start(of: 0) == before
    }

    @Test func whatNobodyTookIsGivenBack() throws {
        let stop = StopFlag()
        let meeting = InprocMeeting(stop)
        var batch = batch(16)
        do {
            let receiver = try meeting.receiver(",hwm=2")
            let sender = try meeting.sender(",hwm=2")
            let sent = try sender.send(batch, 0..<16, until: .after(.milliseconds(100)), stop: stop)
            #expect(sent > 0 && sent < 16)
            #expect(try sender.send(batch, sent..<16, until: .after(.milliseconds(20)), stop: stop) == 0)
            var taken = Batch()
            #expect(try receiver.receive(into: &taken, limit: 1, byteLimit: 1, until: .after(.seconds(5)), stop: stop) == .received)
            #expect(taken.bytes(of: 0).allSatisfy { $0 == 0 } && taken.count == 1)
            try sender.flush(until: .after(.seconds(5)), stop: stop)
            try receiver.close(until: .after(.seconds(5)), stop: stop)
        }
        let isBack = isWhole(&batch)
        #expect(isBack)
    }

    @Test func aBatchThatIsSentOverAndOverArrivesAsItWasEachTime() throws {
        let stop = StopFlag()
        let meeting = InprocMeeting(stop)
        let receiver = try meeting.receiver()
        let feeding = Background {
            let sender = try meeting.sender()
            var batch = self.batch(8)
            for round in UInt8(0)..<200 {
                batch.renew()
                for index in 0..<8 { (batch.start(of: index) + 4095).storeBytes(of: round, as: UInt8.self) }
                _ = try sender.send(batch, 0..<8, until: .after(.seconds(10)), stop: stop)
            }
            try sender.flush(until: .after(.seconds(10)), stop: stop)
        }
        var (count, wrong) = (0, 0)
        var batch = Batch()
        while count < 1600 {
            // By turns in place and copied.
            batch.removeAll()
            batch.takesLoans.toggle()
            guard try receiver.receive(into: &batch, limit: 64, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: stop) == .received
            else { break }
            for index in 0..<batch.count {
                let body = batch.bytes(of: index)
                if body.count != 4096 || body[0] != UInt8(count % 8) || body[1000] != body[0] || body[4095] != UInt8(count / 8) {
                    wrong += 1
                }
                count += 1
            }
        }
        try feeding.join()
        #expect(count == 1600 && wrong == 0)
    }
}
