import Glibc
import MQCore
import MQTesting
import Testing

@testable import TransportNSQ

/// One nsqd for all cases that change nothing but topics of their own; it ends with the process.
enum SharedNSQD {
    private static let ports: (tcp: Int, http: Int)? = {
        guard NSQDaemon.isAvailable, let daemon = try? NSQDaemon() else { return nil }
        _ = Unmanaged.passRetained(daemon)
        return (daemon.tcpPort, daemon.httpPort)
    }()
    static var isAvailable: Bool { ports != nil }
    static var host: String { "nsq://127.0.0.1:\(ports!.tcp)" }
    static var httpPort: Int { ports!.http }
}

extension ConformanceSubject {
    static let nsqd: ConformanceSubject = {
        var subject = ConformanceSubject(NSQTransport.descriptor) {
            ConformanceQueue(sending: try NSQTransport.at("\(SharedNSQD.host)/\(UniqueName.make())/kit,http-port=\(SharedNSQD.httpPort)"))
        }
        // Nothing is full, nsqd promises no order, and closes the connections of a topic that is deleted without a word.
        subject.fillsUp = false
        subject.keepsOrder = false
        subject.noticesRemoval = false
        subject.temporary = { try NSQTransport.at("\(SharedNSQD.host)/temp") }
        subject.creatable = { try NSQTransport.at("\(SharedNSQD.host)/\(UniqueName.make())/kit,http-port=\(SharedNSQD.httpPort)") }
        return subject
    }()
}

@Suite("nsq against nsqd", .enabled(if: SharedNSQD.isAvailable, "nsqd is not on PATH"), .ownThread, .timeLimit(.minutes(2)))
struct NSQTests {
    @Test(arguments: Conformance.checks(for: .nsqd))
    func keepsTheContract(check: ConformanceCheck) throws { try check.run(on: .nsqd) }
}
