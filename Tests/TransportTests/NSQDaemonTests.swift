import Glibc
import MQCore
import MQTesting
import Testing

@testable import TransportNSQ

/// What needs an nsqd of its own: restarts, discovery, encryption, sockets of the file system.
@Suite("nsq with daemons of its own", .enabled(if: NSQDaemon.isAvailable, "nsqd is not on PATH"), .ownThread, .timeLimit(.minutes(2)))
struct NSQDaemonTests {
    @Test func senderAndReceiverOutliveARestartOfNSQD() throws {
        let daemon = try NSQDaemon()
        let host = "nsq://127.0.0.1:\(daemon.tcpPort)"
        let sender = try NSQTransport.at("\(host)/topic").openSender(NSQ.opening(retry: .seconds(20)))
        let receiver = try NSQTransport.at("\(host)/topic/channel").openReceiver(NSQ.opening(retry: .seconds(20)))
        try NSQ.send(NSQ.numbered(0..<100), with: sender)
        try NSQ.flush(sender)
        #expect(try NSQ.receive(100, with: receiver).count == 100)
        // The last settlements go out before the receiver waits.
        _ = try NSQ.receive(1, with: receiver, within: .milliseconds(50))
        daemon.stop()
        try daemon.start()
        try NSQ.send(NSQ.numbered(100..<200), with: sender)
        try NSQ.flush(sender)
        #expect(sender.confirmed == 200)
        #expect(try Set(NSQ.receive(100, with: receiver)) == Set(NSQ.numbered(100..<200)))
    }

    @Test(.enabled(if: NSQLookupDaemon.isAvailable, "nsqlookupd is not on PATH"))
    func consumerWaitsForATopicThatNSQLookupdHearsOfLater() throws {
        let lookup = try NSQLookupDaemon()
        let daemons = [try NSQDaemon(lookups: [lookup]), try NSQDaemon(lookups: [lookup])]
        let address = "nsqlookup://127.0.0.1:\(lookup.httpPort)/topic"
        let log = NoticeLog()
        let receiver = try NSQTransport.at("\(address)/channel,poll=200ms").openReceiver(NSQ.opening(log))
        #expect(log.warnings.contains { $0.contains("no nsqd has the topic") })
        // An nsqd announces itself a moment after it answers.
        #expect(NSQ.eventually { (try? lookup.http("GET", "/nodes").text.components(of: "broadcast_address")) == 2 })
        let sender = try NSQTransport.at(address).openSender(NSQ.opening())
        for round in 0..<10 { try NSQ.send(NSQ.numbered(round * 10..<round * 10 + 10), with: sender) }
        try NSQ.flush(sender)
        #expect(try Set(NSQ.receive(100, with: receiver)) == Set(NSQ.numbered(0..<100)))
        try receiver.close(until: .after(.seconds(5)), stop: StopFlag())
        // Both of them were published to, and consumed.
        for daemon in daemons { #expect(try daemon.http("GET", "/stats?topic=topic").text.contains("channel")) }
    }

    @Test func socketOfTheFileSystemIsAsGoodAsAnAddress() throws {
        let fixture = Fixture()
        let folder = try fixture.directory()
        let path = "\(folder)/nsqd.sock"
        let daemon = try Executable(NSQDaemon.executable!).start(
            ["-tcp-address=\(path)", "-http-address=\(folder)/http.sock", "-data-path=\(folder)"])
        defer { daemon.send(signal: SIGKILL) }
        try #require(NSQ.eventually { access(path, F_OK) == 0 })
        try NSQ.send(NSQ.numbered(0..<50), to: "nsq:topic,unix=\(path)")
        #expect(try Set(NSQ.receive(50, from: "nsq:topic/channel,unix=\(path)")) == Set(NSQ.numbered(0..<50)))
    }

    @Test(.enabled(if: Certificates.openssl != nil, "openssl is not on PATH"), arguments: ["", ",snappy", ",deflate=6"])
    func everythingArrivesEncryptedAndCompressed(option: String) throws {
        let certificates = try Certificates.shared()
        let daemon = try NSQDaemon(arguments: [
            "-tls-cert=\(certificates.path("server.pem"))", "-tls-key=\(certificates.path("server.key"))", "-tls-required=tcp-https",
            "-https-address=127.0.0.1:0",
        ])
        let address = "nsq://127.0.0.1:\(daemon.tcpPort)/topic"
        let trusted = ",tls-ca=\(certificates.path("ca.pem")),tls-name=localhost\(option)"
        let messages = NSQ.numbered(0..<3000) + [(0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) }]
        try NSQ.send(messages, to: "\(address)\(trusted)")
        #expect(try Set(NSQ.receive(messages.count, from: "\(address)/channel\(trusted)")) == Set(messages))
        #expect(NSQ.error { try NSQ.send([[1]], to: "\(address),tls") }?.code == .permission)
        // What nsqd says last is lost when it resets the connection.
        let refused = NSQ.error { try NSQ.send([[1]], to: "\(address)") }
        #expect(refused?.code == .unreachable || refused?.message == "this nsqd requires TLS")
    }

    @Test func toolsOfNSQAreUnderstoodBothWays() throws {
        let daemon = try NSQDaemon()
        let host = "127.0.0.1:\(daemon.tcpPort)"
        guard let publisher = NSQDaemon.tool("to_nsq"), let tail = NSQDaemon.tool("nsq_tail") else {
            print("to_nsq and nsq_tail are not beside nsqd: they are not tried")
            return
        }
        let sent = try Executable(publisher).run(["-nsqd-tcp-address", host, "-topic", "topic"], input: .bytes(Array("one\ntwo\n".utf8)))
        #expect(sent.status == 0)
        #expect(try Set(NSQ.receive(2, from: "nsq://\(host)/topic/channel")) == [Array("one".utf8), Array("two".utf8)])
        try NSQ.send([Array("three".utf8)], to: "nsq://\(host)/other")
        let shown = try Executable(tail).run(["-nsqd-tcp-address", host, "-topic", "other", "-channel", "c", "-n", "1"])
        #expect(shown.text.contains("three"))
    }
}

extension String {
    fileprivate func components(of word: String) -> Int {
        let (text, word) = (Array(utf8), Array(word.utf8))
        return text.indices.filter { text[$0...].starts(with: word) }.count
    }
}
