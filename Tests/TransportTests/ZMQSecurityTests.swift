import CZMQ
import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportZMQ

@Suite("ZMQ security", .serialized, .ownThread, .timeLimit(.minutes(1)))
struct ZMQSecurityTests {
    /// A file that is removed when it goes.
    private final class Scratch: Sendable {
        let path = "/tmp/mq-test-\(getpid())-\(UInt64.random(in: 0 ... .max)).key"
        init(_ text: String) {
            let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
            _ = write(descriptor, text, text.utf8.count)
            close(descriptor)
        }
        deinit { unlink(path) }
    }

    private func pair() throws -> (open: String, secret: String) {
        let api = try Library.shared().api
        var (open, secret) = ([CChar](repeating: 0, count: 41), [CChar](repeating: 0, count: 41))
        try #require(api.pointee.curve_keypair(&open, &secret) == 0)
        return (text(open), text(secret))
    }

    private func text(_ key: [CChar]) -> String { String(decoding: key.prefix(40).map(UInt8.init(bitPattern:)), as: UTF8.self) }

    private func certificate(_ keys: (open: String, secret: String)) -> String {
        "#   made by czmq\nmetadata\ncurve\n    public-key = \"\(keys.open)\"\n    secret-key = \"\(keys.secret)\"\n"
    }

    @Test func knownKeyIsAcceptedAndAnUnknownOneIsNot() throws {
        let (server, friend) = (try pair(), try pair())
        let serverFile = Scratch(certificate(server)), serverKey = Scratch(server.open + "\n"), friendFile = Scratch(certificate(friend))
        let allowed = Scratch("# friends\n\(friend.open)\n")
        let path = ZMQ.path()
        let log = NoticeLog()
        let address = "zmq:@ipc://\(path),curve-server,secret-key=\(serverFile.path),allow-keys=\(allowed.path)"
        let receiving = Background { try ZMQ.receive(9, from: address, within: .seconds(2), log: log) }
        _ = try log.endpoint()
        // A key of its own, made on the spot: encrypted well, and not on the list.
        let stranger = NoticeLog()
        let quiet = StopFlag()
        let sender = try ZMQ.transport("zmq:ipc://\(path),server-key=\(serverKey.path)").openSender(ZMQ.opening(quiet, stranger))
        var batch = Batch()
        batch.append(Array("stranger".utf8))
        #expect(try sender.send(batch, 0..<1, until: .after(.milliseconds(500)), stop: quiet) == 0)
        #expect(stranger.warnings.count == 1)
        try ZMQ.send(
            [Array("friend".utf8)], to: "zmq:ipc://\(path),server-key=\(serverKey.path),secret-key=\(friendFile.path)", within: .seconds(5))
        #expect(try receiving.join().messages == [Array("friend".utf8)])
        #expect(log.warnings.contains { $0.contains("allow-keys") })
    }

    @Test func serverWithoutAListSaysThatItAcceptsEveryone() throws {
        let file = Scratch(certificate(try pair()))
        let log = NoticeLog()
        _ = try ZMQ.transport("zmq:@ipc://\(ZMQ.path()),curve-server,secret-key=\(file.path)").openReceiver(ZMQ.opening(StopFlag(), log))
        #expect(log.warnings.count == 1)
    }

    @Test func passwordDecidesWithPlain() throws {
        let users = Scratch("ann:secret:1\n"), right = Scratch("ann:secret:1\n"), wrong = Scratch("ann:guess\n")
        let path = ZMQ.path()
        let log = NoticeLog()
        let receiving = Background {
            try ZMQ.receive(9, from: "zmq:@ipc://\(path),plain-users=\(users.path)", within: .seconds(2), log: log)
        }
        _ = try log.endpoint()
        let quiet = StopFlag()
        let sender = try ZMQ.transport("zmq:ipc://\(path),plain=\(wrong.path)").openSender(ZMQ.opening(quiet))
        var batch = Batch()
        batch.append([0])
        #expect(try sender.send(batch, 0..<1, until: .after(.milliseconds(400)), stop: quiet) == 0)
        try ZMQ.send([[1]], to: "zmq:ipc://\(path),plain=\(right.path)", within: .seconds(5))
        #expect(try receiving.join().messages == [[1]])
    }

    @Test func keyFileThatIsNoneIsAConfigurationError() throws {
        let broken = Scratch("nothing of use\n")
        #expect(ZMQ.error { _ = try KeyFile(broken.path).secretKey() }?.code == .configuration)
        #expect(ZMQ.error { _ = try KeyFile("/no/such/file") }?.code == .configuration)
        #expect(ZMQ.error { _ = try ZMQ.transport("zmq:@tcp://127.0.0.1:*,curve-server").openReceiver(ZMQ.opening()) }?.code == .usage)
    }
}
