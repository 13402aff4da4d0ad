import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportZMQ

@Suite("ZMQ security", .serialized, .ownThread, .timeLimit(.minutes(1)))
struct ZMQSecurityTests {
    @Test func knownKeyIsAcceptedAndAnUnknownOneIsNot() throws {
        let (server, friend) = (try ZMQKeys.pair(), try ZMQKeys.pair())
        let serverFile = ScratchFile(ZMQKeys.certificate(server)), serverKey = ScratchFile(server.open + "\n"),
            friendFile = ScratchFile(ZMQKeys.certificate(friend))
        let allowed = ScratchFile("# friends\n\(friend.open)\n")
        let path = ZMQ.path()
        let log = NoticeLog()
        let address = "zmq:@ipc://\(path),curve-server,secret-key=\(serverFile.path),allow-keys=\(allowed.path)"
        let receiving = Background { try ZMQ.receive(9, from: address, thenWithin: .milliseconds(200), log: log) }
        _ = try log.endpoint()
        // A key of its own, made on the spot: encrypted well, and not on the list.
        let stranger = NoticeLog()
        let quiet = StopFlag()
        let sender = try ZMQ.transport("zmq:ipc://\(path),server-key=\(serverKey.path)").openSender(ZMQ.opening(quiet, stranger))
        var batch = Batch()
        batch.append(Array("stranger".utf8))
        #expect(try sender.send(batch, 0..<1, until: .after(.milliseconds(500)), stop: quiet) == 0)
        #expect(stranger.warnings.count == 1)
        #expect(sender.obstacle.code == .permission, "\(sender.obstacle.sentence)")
        try ZMQ.send(
            [Array("friend".utf8)], to: "zmq:ipc://\(path),server-key=\(serverKey.path),secret-key=\(friendFile.path)", within: .seconds(5))
        #expect(try receiving.join().messages == [Array("friend".utf8)])
        #expect(log.warnings.contains { $0.contains("allow-keys") })
    }

    @Test func aSecretThatOthersCanReadIsSaid() throws {
        let keys = try ZMQKeys.pair()
        for (mode, count) in [(0o600, 0), (0o644, 1)] as [(mode_t, Int)] {
            let secret = ScratchFile(ZMQKeys.certificate(keys), mode: mode), open = ScratchFile(keys.open, mode: 0o644)
            let password = ScratchFile("ann:secret", mode: mode)
            for options in ["server-key=\(open.path),secret-key=\(secret.path)", "plain=\(password.path)"] {
                let log = NoticeLog()
                _ = try ZMQ.transport("zmq:ipc://\(ZMQ.path()),\(options)").openSender(ZMQ.opening(StopFlag(), log))
                #expect(log.warnings.count { $0.contains("others can read the secret in it") } == count, "\(log.warnings)")
            }
        }
    }

    @Test func serverWithoutAListSaysThatItAcceptsEveryone() throws {
        let file = ScratchFile(ZMQKeys.certificate(try ZMQKeys.pair()))
        let log = NoticeLog()
        _ = try ZMQ.transport("zmq:@ipc://\(ZMQ.path()),curve-server,secret-key=\(file.path)").openReceiver(ZMQ.opening(StopFlag(), log))
        #expect(log.warnings.count == 1)
    }

    @Test(arguments: ["native", "libzmq"], ["native", "libzmq"])
    func passwordDecidesWithPlain(client: String, server: String) throws {
        let users = ScratchFile("ann:secret:1\n"), right = ScratchFile("ann:secret:1\n"), wrong = ScratchFile("ann:guess\n")
        let path = ZMQ.path()
        let log = NoticeLog()
        let receiving = Background {
            try ZMQ.receive(
                9, from: "zmq:@ipc://\(path),plain-users=\(users.path),engine=\(server)", thenWithin: .milliseconds(200), log: log)
        }
        _ = try log.endpoint()
        let quiet = StopFlag()
        let sender = try ZMQ.transport("zmq:ipc://\(path),plain=\(wrong.path),engine=\(client)").openSender(ZMQ.opening(quiet))
        var batch = Batch()
        batch.append([0])
        #expect(try sender.send(batch, 0..<1, until: .after(.milliseconds(400)), stop: quiet) == 0)
        #expect(sender.obstacle.code == .permission, "\(sender.obstacle.sentence)")
        try ZMQ.send([[1]], to: "zmq:ipc://\(path),plain=\(right.path),engine=\(client)", within: .seconds(5))
        #expect(try receiving.join().messages == [[1]])
    }

    @Test func keyFileThatIsNoneIsAConfigurationError() throws {
        let broken = ScratchFile("nothing of use\n")
        #expect(ZMQ.error { _ = try KeyFile(broken.path).secretKey() }?.code == .configuration)
        #expect(ZMQ.error { _ = try KeyFile("/no/such/file") }?.code == .configuration)
        #expect(ZMQ.error { _ = try ZMQ.transport("zmq:@tcp://127.0.0.1:*,curve-server").openReceiver(ZMQ.opening()) }?.code == .usage)
    }
}
