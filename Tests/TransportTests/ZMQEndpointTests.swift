import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportZMQ

@Suite("ZMQ endpoints", .serialized, .ownThread, .timeLimit(.minutes(1)))
struct ZMQEndpointTests {
    private func bindError(_ path: String) -> TransportError? {
        ZMQ.error { _ = try ZMQ.transport("zmq:@ipc://\(path)").openReceiver(ZMQ.opening()) }
    }

    @Test func ordinaryFileIsNotReplacedByASocket() throws {
        let path = ZMQ.path()
        let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
        close(descriptor)
        defer { unlink(path) }
        #expect(bindError(path)?.code == .cannotCreate)
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG)
        #expect(ZMQ.error { _ = try ZMQ.transport("zmq:ipc://\(path)").openSender(ZMQ.opening()) }?.code == .usage)
    }

    @Test func liveOwnerKeepsItsEndpoint() throws {
        let path = ZMQ.path()
        let log = NoticeLog()
        let receiving = Background { try ZMQ.receive(1, from: "zmq:@ipc://\(path)", log: log) }
        _ = try log.endpoint()
        let error = bindError(path)
        #expect(error?.code == .cannotCreate)
        #expect(error?.message.contains("live process") == true)
        try ZMQ.send([[5]], to: "zmq:ipc://\(path)")
        #expect(try receiving.join().messages == [[5]])
        #expect(log.warnings.isEmpty)
    }

    @Test func staleSocketIsReplacedAndRemovedAtTheEnd() throws {
        let path = ZMQ.path()
        // Bound and closed without unlink: what a killed process leaves behind.
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        #expect(bound == 0)
        close(descriptor)
        #expect(access(path, F_OK) == 0)
        let receiver = try ZMQ.transport("zmq:@ipc://\(path)").openReceiver(ZMQ.opening())
        try receiver.close(until: .never, stop: StopFlag())
        #expect(access(path, F_OK) != 0)
    }

    @Test func busyPortCannotBeBound() throws {
        let log = NoticeLog()
        let first = try ZMQ.transport("zmq:@tcp://127.0.0.1:*").openReceiver(ZMQ.opening(StopFlag(), log))
        let error = ZMQ.error { _ = try ZMQ.transport("zmq:@\(log.endpoints[0])").openReceiver(ZMQ.opening()) }
        #expect(error?.code == .cannotCreate)
        #expect(error?.message.contains("in use") == true)
        try first.close(until: .never, stop: StopFlag())
    }

    @Test func missingInterfaceAndDirectoryCannotBeBound() {
        for address in ["zmq:@tcp://no-such-if0:5", "zmq:@ipc:///no/such/directory/x"] {
            #expect(ZMQ.error { _ = try ZMQ.transport(address).openReceiver(ZMQ.opening()) }?.code == .cannotCreate)
        }
    }

    @Test func abstractNameWorksAndRefusesASecondOwner() throws {
        let name = "@mq-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let log = NoticeLog()
        let receiving = Background { try ZMQ.receive(1, from: "zmq:@ipc://\(name)", log: log) }
        _ = try log.endpoint()
        #expect(bindError(name)?.code == .cannotCreate)
        try ZMQ.send([[5]], to: "zmq:ipc://\(name)")
        #expect(try receiving.join().messages == [[5]])
    }

    @Test func peerOfTheWrongTypeIsWarnedAbout() throws {
        let path = ZMQ.path()
        let quiet = StopFlag()
        let subscriber = try ZMQ.transport("zmq:sub:@ipc://\(path)").openReceiver(ZMQ.opening(quiet))
        let log = NoticeLog()
        let sender = try ZMQ.transport("zmq:push:ipc://\(path)").openSender(ZMQ.opening(quiet, log))
        var batch = Batch()
        batch.append([1])
        #expect(try sender.send(batch, 0..<1, until: .after(.milliseconds(500)), stop: quiet) == 0)
        #expect(log.warnings == ["the peer at ipc://\(path) is not a PULL socket, it is SUB"])
        try subscriber.close(until: .never, stop: quiet)
    }
}
