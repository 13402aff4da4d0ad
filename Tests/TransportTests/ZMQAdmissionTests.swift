import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportZMQ

@Suite("ZMQ admission", .serialized, .ownThread, .timeLimit(.minutes(1)))
struct ZMQAdmissionTests {
    /// No event tells that the kernel, which was never full, takes more.
    @Test func aMarkBelowWhatTheKernelTakesHoldsNobodyUp() throws {
        let path = ZMQ.path()
        let sender = try ZMQ.transport("zmq:@ipc://\(path),hwm=20").openSender(ZMQ.opening())
        // A peer that reads nothing behind the handshake, and so answers nothing.
        let meeting = Background { try ZMTPPeer.greet(path, as: "PULL") }
        var batch = Batch()
        for _ in 0..<1000 { batch.append([1, 2, 3]) }
        #expect(try sender.send(batch, 0..<1000, until: .after(.seconds(5)), stop: StopFlag()) == 1000)
        _ = try meeting.join()
    }

    /// How many messages of `size` bytes a sender at `address` accepts for a peer that reads nothing behind the handshake.
    private func accepted(_ address: String, of size: Int) throws -> Int {
        let log = NoticeLog()
        let sender = try ZMQ.transport(address).openSender(ZMQ.opening(StopFlag(), log))
        let endpoint = try log.endpoint()
        let meeting = Background { try ZMTPPeer.greet(endpoint, as: "PULL") }
        var batch = Batch()
        for _ in 0..<2000 { batch.append([UInt8](repeating: 1, count: size)) }
        var count = 0
        let end = Deadline.after(.seconds(5))
        while count < batch.count {
            let more = try sender.send(batch, count..<count + 1, until: count == 0 ? end : .after(.milliseconds(100)), stop: StopFlag())
            if more == 0 { break }
            count += more
        }
        _ = try meeting.join()
        return count
    }

    /// The kernel's buffer would take hundreds beyond the mark.
    @Test func aSmallMarkLeavesLittleInTheKernel() throws {
        let (sparing, generous) = (
            try accepted("zmq:@ipc://\(ZMQ.path()),hwm=1", of: 100),
            try accepted("zmq:@ipc://\(ZMQ.path()),hwm=1,send-buffer=200KiB", of: 100)
        )
        #expect(sparing > 0 && sparing < 60)
        #expect(generous > 3 * sparing)
    }

    /// The kernel would let it grow to mebibytes.
    @Test(arguments: ["127.0.0.1", "[::1]"])
    func withinTheHostLittleIsUnderWay(host: String) throws {
        let (usual, generous) = (
            try accepted("zmq:@tcp://\(host):*,hwm=1", of: 16 << 10),
            try accepted("zmq:@tcp://\(host):*,hwm=1,send-buffer=2MiB", of: 16 << 10)
        )
        #expect(usual > 0 && usual < 64)
        #expect(generous > 2 * usual)
    }

    /// Whether what a sender at `address` has to say arrives; ends the receiver.
    private func expect(_ receiver: any Receiver, isLetIn: Bool, _ address: String) throws {
        let sending = Background { try ZMQ.send([[7]], to: address, within: .milliseconds(isLetIn ? 5000 : 300)) }
        var batch = Batch()
        _ = try receiver.receive(
            into: &batch, limit: 1, byteLimit: 100, until: .after(.milliseconds(isLetIn ? 5000 : 400)), stop: StopFlag())
        #expect(batch.count == (isLetIn ? 1 : 0))
        _ = try? sending.join()
        try receiver.close(until: .never, stop: StopFlag())
    }

    /// Hung up on before a byte of them is read, or let in.
    @Test(arguments: [
        ("ipc-filter-uid=\(getuid())", true), ("ipc-filter-uid=\(getuid() + 1)", false), ("ipc-filter-pid=\(getpid())", true),
        ("ipc-filter-gid=\(getgid())", true), ("ipc-filter-pid=1,ipc-filter-gid=\(getgid() + 77)", false),
    ])
    func aFilterDecidesWhoMayConnect(filter: String, isLetIn: Bool) throws {
        let path = ZMQ.path()
        let receiver = try ZMQ.transport("zmq:@ipc://\(path),\(filter),engine=native").openReceiver(ZMQ.opening())
        try expect(receiver, isLetIn: isLetIn, "zmq:ipc://\(path)")
    }

    @Test func aRangeOfAddressesIsUnderstood() throws {
        func holds(_ range: String, _ address: String) throws -> Bool {
            try #require(Admission.Network(range)).contains(try #require(Admission.Network(address)).bytes)
        }
        #expect(try holds("192.168.1.0/24", "192.168.1.200") && !holds("192.168.1.0/24", "192.168.2.1"))
        #expect(try holds("10.0.0.0/9", "10.127.0.1") && !holds("10.0.0.0/9", "10.128.0.1"))
        #expect(try holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "::1") && holds("::/0", "fe80::1"))
        #expect(try holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"))
        for text in ["", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/-1", "localhost", "::1/129"] {
            #expect(Admission.Network(text) == nil)
        }
    }

    @Test(arguments: [("127.0.0.1/32", true), ("127.0.0.2", false)])
    func aTCPFilterAndASourceAddressAreTheNativeEngines(filter: String, isLetIn: Bool) throws {
        let log = NoticeLog()
        let receiver = try ZMQ.transport("zmq:@tcp://127.0.0.1:*,tcp-accept-filter=\(filter),engine=native").openReceiver(
            ZMQ.opening(StopFlag(), log))
        let port = try #require(try log.endpoint().split(separator: ":").last)
        try expect(receiver, isLetIn: isLetIn, "zmq:tcp://127.0.0.1:0;127.0.0.1:\(port),engine=native")
    }
}
