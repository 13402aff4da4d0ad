import Glibc
import MQStandIns
import MQTesting
import Testing

/// The brokers of others that these tests start: they answer, come back with what they kept, and end with their owner.
@Suite("brokers as programs", .ownThread, .timeLimit(.minutes(2)))
struct BrokerProcessTests {
    @Test(.enabled(if: NSQDaemon.isAvailable, "nsqd is not on PATH and MQ_TEST_NSQD is not set"))
    func nsqdComesBackOnItsPortsWithWhatItWrote() throws {
        let daemon = try NSQDaemon(arguments: ["-mem-queue-size=0"])
        let topic = UniqueName.make()
        #expect(try daemon.http("POST", "/pub?topic=\(topic)", body: Array("kept".utf8)).status == 200)
        daemon.stop()
        #expect(throws: StandInFailure.self) { try LoopbackSocket.connect(port: daemon.tcpPort) }
        try daemon.start()
        #expect(try daemon.http("GET", "/stats?format=json&topic=\(topic)").text.contains("\"depth\":1"))
        daemon.kill()
        try daemon.start()
        #expect(try daemon.http("GET", "/ping").text == "OK")
    }

    @Test(.enabled(if: NSQDaemon.isAvailable && NSQLookupDaemon.isAvailable, "nsqd or nsqlookupd is missing"))
    func nsqlookupdKnowsTheNsqdThatAnnouncesItself() throws {
        let lookup = try NSQLookupDaemon()
        let daemon = try NSQDaemon(lookups: [lookup])
        let end = ContinuousClock.now + .seconds(10)
        while try !lookup.http("GET", "/nodes").text.contains("\"tcp_port\":\(daemon.tcpPort)"), ContinuousClock.now < end {
            usleep(10_000)
        }
        #expect(try lookup.http("GET", "/nodes").text.contains("\"broadcast_address\":\"127.0.0.1\""))
    }

    @Test(.enabled(if: NSQDaemon.isAvailable, "nsqd is not on PATH and MQ_TEST_NSQD is not set"))
    func nsqdListensAtAPath() throws {
        let daemon = try NSQDaemon(usesUnixSocket: true)
        #expect(daemon.unixPath.map { access($0, R_OK | W_OK) } == 0)
    }

    @Test func aServerThatEndsAtOnceIsReportedWithItsOwnWords() throws {
        let fixture = Fixture()
        let server = try LoopbackProcess("/bin/sh", ["-c", "echo no such option >&2; exit 3"], folder: try fixture.directory())
        let failure = #expect(throws: ConformanceFailure.self) { try server.wait { false } }
        #expect(failure.map { "\($0)" }?.contains("no such option") == true)
    }

    @Test(.enabled(if: MotoServer.isAvailable, "MQ_TEST_PYTHON names no Python with moto[server]"))
    func motoRunsOnceAndBotoReachesIt() throws {
        let moto = try MotoServer.shared()
        #expect(try MotoServer.shared().port == moto.port)
        let program = "import boto3, sys; print(boto3.client('sqs').create_queue(QueueName=sys.argv[1])['QueueUrl'])"
        let name = UniqueName.make()
        let result = try Executable(MotoServer.python!)
            .run(["-c", program, name], environment: moto.environment.mapValues { $0 }, timeout: .seconds(60))
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.text.hasSuffix("/\(name)\n"))
    }

    @Test(.enabled(if: MotoServer.isAvailable, "MQ_TEST_PYTHON names no Python with moto[server]"))
    func motoRefusesASignatureThatItDoesNotKnow() throws {
        let moto = try MotoServer()
        try moto.checkAuthorization()
        let program = "import boto3; boto3.client('sqs').list_queues()"
        let result = try Executable(MotoServer.python!)
            .run(["-c", program], environment: moto.environment.mapValues { $0 }, timeout: .seconds(60))
        #expect(result.status != 0)
        #expect(result.errorText.contains("InvalidClientTokenId") || result.errorText.contains("AuthFailure"), "\(result.errorText)")
    }
}
