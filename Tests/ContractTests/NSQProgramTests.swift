import Glibc
import MQStandIns
import MQTesting
import Testing

/// What only nsq has, through the program, against the stand-in.
@Suite("nsq through the program", .serialized, .timeLimit(.minutes(1)))
struct NSQProgramTests {
    private static func address(_ server: NSQStandIn, _ queue: String, _ options: String = "") -> String {
        "nsq://127.0.0.1:\(server.tcpPort)/\(queue),http-port=\(server.httpPort)\(options)"
    }

    @Test("--retry forever waits for an nsqd that comes later") func retryForever() throws {
        let port = try LoopbackSocket.freePort()
        let sender = try mq().start(["send", "nsq://127.0.0.1:\(port)/t", "x", "--retry", "forever", "-v"])
        try sender.waitForError("trying again")
        let server = try NSQStandIn(tcpPort: port)
        expectSuccess(try sender.wait())
        #expect(server.depth(of: "t") == 1)
        expectSentence(try mq().run("send", "nsq:t", "x", "--retry", "for-ever"), 64, "is not a duration", "forever")
        #expect(try mq().run("recv", "--help").text.contains("or forever"))
    }

    @Test("Several topics are received at once; -J, %Q and --out-dir tell them apart") func topics() throws {
        let script = #"""
            set -e; cd $D
            publish() { for topic in a b; do mq send nsq:$topic "of $topic"; done; }
            publish; mq recv nsq:a+b/c -n 2 -J >json
            publish; mq recv nsq:a+b/c -n 2 -f '%Q=%s\n' | sort
            publish; mq recv 'nsq:+/c,topic-pattern=^[ab]$' -n 2 --out-dir . --name '{queue}.log'; cat a.log b.log
            # What recv printed, send takes back: the name of the queue is read and dropped.
            publish; mq recv nsq:a+b/c -n 2 -J | mq send nsq:d -J
            mq wait nsq:d --for depth=2 --timeout 1s
            mq send nsq:a+b/c x || echo "status $?"; cat json
            """#
        let result = try sh(with: "mock:nsq", script)
        #expect(result.lines.prefix(5) == ["a=of a", "b=of b", "of a", "of b", "status 64"], "\(result.text)\(result.errorText)")
        #expect(result.errorText.contains("several topics"), "\(result.errorText)")
        let objects = try result.lines.dropFirst(5).map { try jsonObject($0) }
        #expect(Set(objects.map { "\($0["queue"] ?? "") \($0["body"] ?? "")" }) == ["a of a", "b of b"])
    }

    @Test("Nodes are listed, one of them is paused, clients are shown, and --watch has requeues and timeouts") func administration() throws
    {
        let server = try NSQStandIn()
        let lookup = "nsqlookup://127.0.0.1:\(server.httpPort)"
        let node = "127.0.0.1:\(server.tcpPort)"
        server.publish([[0x78]], to: "t")
        expectSuccess(try mq().run("create", Self.address(server, "t/c")))
        let nodes = try mq().run("list", lookup, "--nodes")
        #expect(
            nodes.lines.count == 2 && nodes.lines[0].hasPrefix("ADDRESS") && nodes.lines[1].hasPrefix("nsq://\(node) "), "\(nodes.text)")
        #expect(nodes.lines[0].contains("VERSION") && nodes.lines[0].contains("TOMBSTONES") && nodes.lines[1].contains("1.3.0"))
        let json = try jsonObject(try mq().run("list", lookup, "--nodes", "--json").text)
        #expect(((json["nodes"] as? [[String: Any]])?.first?["parts"] as? [[String: Any]])?.first?["tombstoned"] as? Bool == false)
        expectSuccess(try mq().run("pause", "\(lookup)/t/c", "--node", node))
        #expect(try jsonObject(try mq().run("stat", "\(lookup)/t/c", "--node", "nsq://\(node)", "--json").text)["paused"] as? Bool == true)
        expectSuccess(try mq().run("unpause", "\(lookup)/t/c", "--node", node))
        expectSentence(try mq().run("pause", "\(lookup)/t/c", "--node", "elsewhere:1"), 66, "no nsqd elsewhere:1", node)
        expectSentence(try mq().run("list", "posix-mq:", "--nodes"), 64, "cannot list nodes")

        let receiver = try mq().start(["recv", Self.address(server, "t/c", ",client-id=me")])
        try receiver.waitForLines(1)
        let clients = try mq().run("stat", Self.address(server, "t/c"), "--clients")
        #expect(clients.text.contains("CLIENT") && clients.text.contains("REQUEUED") && clients.text.contains("me@"), "\(clients.text)")
        let watch = try mq().run("stat", Self.address(server, "t/c"), "--watch", "-n", "1")
        #expect(
            watch.lines[0].contains("REQUEUED/S") && watch.lines[0].contains("TIMED_OUT/S") && watch.lines.allSatisfy { $0.count <= 80 })
        receiver.send(signal: SIGTERM)
        _ = try receiver.wait()
        expectSentence(try mq().run("stat", Self.address(server, "t/c"), "--clients", "--watch"), 64, "exclude each other")
        expectSuccess(try mq().run("delete", "\(lookup)/t", "--node", node))
        #expect(server.commands["HTTP /topic/tombstone"] == 1 && server.depth(of: "t") == nil)
    }
}
