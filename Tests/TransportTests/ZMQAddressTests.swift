import MQCore
import Testing

@testable import TransportZMQ

@Suite("ZMQ addresses", .timeLimit(.minutes(1)))
struct ZMQAddressTests {
    @Test(arguments: [
        ("@tcp://:5555", "tcp://*:5555", true), ("@tcp://*:*", "tcp://*:*", true), ("@tcp://127.0.0.1:0", "tcp://127.0.0.1:*", true),
        ("tcp://host:1", "tcp://host:1", false), ("TCP://[::1]:65535", "tcp://[::1]:65535", false),
        ("tcp://10.0.0.1:0;host:7", "", false), ("tcp://eth0:0;host:7", "", false),
        ("ipc:///run/feed", "ipc:///run/feed", false), ("@ipc://@name", "ipc://@name", true),
        ("tipc://{5560,0,0}", "tipc://{5560,0,0}", false),
    ])
    func endpointIsUnderstood(written: String, text: String, binds: Bool) throws {
        let endpoint = try Endpoint(written)
        if !text.isEmpty { #expect(endpoint.text == text) }
        #expect(endpoint.binds == binds)
    }

    @Test(arguments: [
        ("tcp://a:99999", "port"), ("tcp://a:0", "port"), ("tcp://a:-1", "port"), ("tcp://a:+5", "port"), ("tcp://a", "no port"),
        ("tcp://:5555", "no host"),
        ("tcp://*:5555", "binding"), ("tcp://::1:5555", "brackets"), ("tpc://a:1", "tcp://"),
        ("ipc://", "no path"),
        ("hello", "not an endpoint"), ("ipc://@", "no socket"), ("ipc:///" + String(repeating: "x", count: 107), "107"),
    ])
    func wrongEndpointIsAUsageErrorThatSaysWhy(written: String, word: String) {
        let error = ZMQ.error { _ = try Endpoint(written) }
        #expect(error?.code == .usage)
        #expect(error?.sentence.contains(word) == true, "\(error?.sentence ?? "no error")")
    }

    @Test func longestPathIsAllowed() throws {
        _ = try Endpoint("ipc:///" + String(repeating: "x", count: 106))
    }

    @Test func typeIsTheWordBeforeTheEndpoint() throws {
        #expect(try Target(["push:@tcp://:5555"]).type == .push)
        #expect(try Target(["tcp://a:1"]).type == nil)
        #expect(try Target(["@tcp://:1", "ipc:///x"]).endpoints.count == 2)
        let error = ZMQ.error { _ = try Target(["puhs:tcp://a:1"]) }
        #expect(error?.code == .usage)
        #expect(error?.sentence.contains("push") == true)
    }

    @Test(arguments: [
        ("sub", true), ("pull", true), ("req", true), ("rep", true), ("push", false), ("pub", false), ("rep", false), ("req", false),
    ])
    func typeThatCannotDoTheVerbIsAUsageError(type: String, sends: Bool) throws {
        let transport = try ZMQ.transport("zmq:\(type):tcp://127.0.0.1:9")
        let error = ZMQ.error {
            if sends { _ = try transport.openSender(ZMQ.opening()) } else { _ = try transport.openReceiver(ZMQ.opening()) }
        }
        #expect(error?.code == .usage)
        let list =
            sends ? "send takes push, pub, xpub, xsub, pair, dealer, router" : "recv takes pull, sub, xsub, xpub, pair, dealer, router"
        #expect(error?.message.contains(list) == true)
    }

    @Test func emptyTargetIsFineUntilItIsOpened() throws {
        let transport = try ZMQ.transport("zmq:")
        #expect(ZMQ.error { _ = try transport.openSender(ZMQ.opening()) }?.code == .usage)
    }

    @Test func unknownHostIsUnreachable() throws {
        let transport = try ZMQ.transport("zmq:tcp://no-such-host.invalid:9")
        let error = ZMQ.error { _ = try transport.openSender(ZMQ.opening()) }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("no-such-host.invalid") == true)
    }

    @Test func optionKeysAreUniqueAndHaveHelp() {
        let keys = ZMQTransport.descriptor.options.map(\.key)
        #expect(Set(keys).count == keys.count)
        #expect(ZMQTransport.descriptor.options.allSatisfy { !$0.help.isEmpty })
    }

    @Test func examplesOfTheManualAreUnderstood() throws {
        for example in ZMQTransport.descriptor.examples { _ = try ZMQ.transport(example.address) }
    }

    @Test func subscriptionOfAPullSocketIsAUsageError() throws {
        let transport = try ZMQ.transport("zmq:tcp://127.0.0.1:9,subscribe=a")
        #expect(ZMQ.error { _ = try transport.openReceiver(ZMQ.opening()) }?.code == .usage)
    }

    @Test func missingLibraryNamesThePackage() {
        let error = ZMQ.error { _ = try Library(opening: "libzmq-not-there.so.5") }
        #expect(error?.code == .configuration)
        #expect(error?.sentence.contains("apt-get install libzmq5") == true)
    }
}

@Suite("ZMQ options", .timeLimit(.minutes(1)))
struct ZMQOptionTests {
    @Test(arguments: [
        "hwm=10", "send-hwm=5,recv-hwm=7", "linger=1s", "reconnect=10ms,reconnect-max=1s",
        "heartbeat=1s,heartbeat-ttl=3s,heartbeat-timeout=2s",
        "immediate=no", "immediate", "conflate", "identity=me", "ipv6",
        "keepalive,keepalive-idle=30s,keepalive-interval=5s,keepalive-count=3",
        "tos=16", "connect-timeout=1s", "handshake=1s", "max-message=1MiB", "backlog=5", "send-buffer=64k,recv-buffer=64k", "buffer=1M",
        "io-threads=2", "affinity=1", "zap-domain=x", "tcp-maxrt=5s", "tcp-accept-filter=127.0.0.1", "multicast-hops=2", "rate=100",
        "socks=localhost:1080",
    ])
    func optionIsTakenByLibzmq(options: String) throws {
        let sender = try ZMQ.transport("zmq:@tcp://127.0.0.1:*,\(options)").openSender(ZMQ.opening())
        try sender.flush(until: .immediately, stop: StopFlag())
    }

    @Test func byteBoundLowersTheHighWaterMark() {
        var limit = MessageLimit(most: 1000, bytes: 1 << 20)
        #expect(limit.adapt(toMean: 100) == nil)
        #expect(limit.adapt(toMean: 100_000) == 10)
        #expect(limit.adapt(toMean: 90_000) == nil)
        #expect(limit.adapt(toMean: 10 << 20) == 1)
        #expect(limit.adapt(toMean: 100) == 1000)
    }

    @Test func withoutABoundTheMarkFollowsTheSize() {
        var limit = MessageLimit(most: nil, bytes: 64 << 20)
        #expect(limit.current == 1000)
        #expect(limit.adapt(toMean: 16) == 16_000)
        #expect(limit.adapt(toMean: 17) == nil)
        #expect(limit.adapt(toMean: 100) == 2621)
        #expect(limit.adapt(toMean: 101) == nil)
        #expect(limit.adapt(toMean: 500) == 1000)
        #expect(limit.adapt(toMean: 1 << 20) == 64)
        #expect(limit.adapt(toMean: 0) == 16_000)
    }
}
