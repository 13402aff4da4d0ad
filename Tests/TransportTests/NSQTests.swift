import Glibc
import MQCore
import MQTesting
import Testing

@testable import TransportNSQ

/// One nsqd for all cases that change nothing but topics of their own; it ends with the process.
enum SharedNSQD {
    private final class Holder: Sendable {
        let port: Int
        let httpPort: Int
        init(_ daemon: NSQDaemon) {
            (port, httpPort) = (daemon.tcpPort, daemon.httpPort)
            let process = daemon.process ?? 0
            _ = Unmanaged.passRetained(daemon)
            token = ExitCleanup.register { if process > 0 { kill(process, SIGKILL) } }
        }
        let token: ExitCleanup.Token
    }

    private static let holder: Holder? = NSQDaemon.isAvailable ? (try? NSQDaemon()).map(Holder.init) : nil
    static let isAvailable = NSQDaemon.isAvailable
    static var host: String { "nsq://127.0.0.1:\(holder!.port)" }
    static var httpPort: Int { holder!.httpPort }
}

extension ConformanceSubject {
    static let nsqd: ConformanceSubject = {
        var subject = ConformanceSubject(NSQTransport.descriptor) {
            ConformanceQueue(sending: try NSQTransport.at("\(SharedNSQD.host)/\(UniqueName.make())/kit"))
        }
        // Nothing is full, and nsqd promises no order.
        subject.fillsUp = false
        subject.keepsOrder = false
        return subject
    }()
}

@Suite("nsq against nsqd", .enabled(if: SharedNSQD.isAvailable, "nsqd is not on PATH"), .timeLimit(.minutes(2)))
struct NSQTests {
    @Test(arguments: Conformance.checks(for: .nsqd))
    func keepsTheContract(check: ConformanceCheck) throws { try check.run(on: .nsqd) }
}
