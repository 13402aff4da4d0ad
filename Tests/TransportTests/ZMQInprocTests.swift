import MQCore
import MQStandIns
import MQTesting
import Testing
import TransportZMQ

@Suite("ZMQ between threads", .ownThread, .timeLimit(.minutes(1)))
struct ZMQInprocTests {
    @Test func anInprocEndpointIsRefusedWhereNobodyCouldMeetIt() throws {
        let transport = try ZMQTransport.at("zmq:inproc://\(UniqueName.make())")
        let error = #expect(throws: TransportError.self) { _ = try transport.openSender(Opening(stop: StopFlag())) }
        #expect(error?.code == .usage)
        #expect(error?.message.contains("threads of one process") == true)
    }

    @Test func threadsMeetAndNothingIsLostWhenTheSenderLeavesFirst() throws {
        let stop = StopFlag()
        let meeting = InprocMeeting(stop)
        let receiver = try meeting.receiver()
        let feeding = Background {
            let sender = try meeting.sender()
            var batch = Batch()
            for number in 0..<5000 { batch.append("\(number)".utf8) }
            let count = try sender.send(batch, 0..<5000, until: .after(.seconds(10)), stop: stop)
            try sender.flush(until: .after(.seconds(10)), stop: stop)
            return count
        }
        var batch = Batch()
        while batch.count < 5000,
            try receiver.receive(into: &batch, limit: 5000, byteLimit: 1 << 20, until: .after(.seconds(5)), stop: stop) == .received
        {}
        #expect(try feeding.join() == 5000)
        #expect((0..<batch.count).allSatisfy { String(decoding: batch.bytes(of: $0), as: UTF8.self) == "\($0)" })
        #expect(batch.count == 5000)
    }
}
