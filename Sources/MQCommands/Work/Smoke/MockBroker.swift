import MQCore
import MQStandIns

/// A broker for tests, in this process.
final class MockBroker: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case sqs, nsq

        /// What `mq with` calls them.
        static let scheme = "mock:"
    }

    struct Plan: Sendable {
        var kind: Kind
        /// 0 takes a free one.
        var port = 0
        var isPublic = false
        var faults = StandInFaults()
        /// What was deleted is remembered.
        var keepsHistory = false
        /// The secrets by the name of their key: signatures are checked.
        var keys: [String: String]?
        /// nsqlookupd is played, too.
        var isLookup = false
        /// For TLS, files in PEM.
        var certificate: String?
        var privateKey: String?
        /// For AUTH.
        var secret: String?
    }

    private let plan: Plan
    private let sqs: SQSStandIn?
    private let nsq: NSQStandIn?

    /// - Throws: `cannotCreate` when it cannot listen, `configuration` without a library or with files that are not a certificate and its key.
    init(_ plan: Plan) throws(TransportError) {
        self.plan = plan
        do {
            switch plan.kind {
            case .sqs:
                guard SQSStandIn.isSupported else {
                    throw TransportError(.configuration, "libcrypto.so.3 is missing", hint: "the package is called libssl3")
                }
                (sqs, nsq) = (try Self.sqs(plan), nil)
            case .nsq: (sqs, nsq) = (nil, try Self.nsq(plan))
            }
        } catch let error as TransportError {
            throw error
        } catch {
            throw TransportError(.cannotCreate, "\(error)")
        }
    }

    private static func sqs(_ plan: Plan) throws -> SQSStandIn {
        var settings = SQSStandIn.Settings()
        settings.chances = plan.faults
        settings.acceptsUnsigned = plan.keys == nil
        settings.keys = plan.keys
        return try SQSStandIn(settings, port: plan.port, isPublic: plan.isPublic, keepsHistory: plan.keepsHistory)
    }

    private static func nsq(_ plan: Plan) throws -> NSQStandIn {
        var settings = NSQStandIn.Settings()
        settings.chances = plan.faults
        (settings.certificate, settings.privateKey, settings.secret) = (plan.certificate, plan.privateKey, plan.secret)
        let offers = NSQStandIn.offers(settings)
        if plan.certificate != nil && !offers.tls {
            throw TransportError(.configuration, "\(plan.certificate!) and \(plan.privateKey ?? "") are not a certificate and its key")
        }
        (settings.offersSnappy, settings.offersDeflate) = (offers.snappy, offers.deflate)
        func make(_ port: Int) throws -> NSQStandIn {
            try NSQStandIn(settings, tcpPort: port, httpPort: port + 1, isPublic: plan.isPublic, keepsHistory: plan.keepsHistory)
        }
        if plan.port > 0 { return try make(plan.port) }
        // HTTP is where clients look for it: at the next port.
        for _ in 0..<100 {
            if let made = try? make(try LoopbackSocket.freePort()) { return made }
        }
        return try make(try LoopbackSocket.freePort())
    }

    /// Where it listens, as clients of it are told.
    var address: String { sqs?.endpoint ?? "127.0.0.1:\(nsq!.tcpPort)" }

    /// What an address needs to lead here, behind the name of the queue.
    func address(of queue: String) -> String {
        if let sqs { return "sqs:\(queue),endpoint=\(sqs.endpoint),region=us-east-1" }
        return "nsq://\(address)/\(queue)"
    }

    /// By which clients find it.
    var variables: [(name: String, value: String)] {
        if let sqs {
            var all = SQSStandIn.credentials.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
            if let (key, secret) = plan.keys?.first {
                all =
                    all.filter { !$0.name.hasSuffix("KEY_ID") && !$0.name.hasSuffix("ACCESS_KEY") } + [
                        ("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret),
                    ]
            }
            return all + [("AWS_ENDPOINT_URL_SQS", sqs.endpoint), ("AWS_SESSION_TOKEN", "")]
        }
        let http = "127.0.0.1:\(nsq!.httpPort)"
        return [("MQ_NSQ", address), ("NSQD_TCP", address), ("NSQD_HTTP", http)] + (plan.isLookup ? [("NSQLOOKUPD_HTTP", http)] : [])
    }

    /// Makes a queue there, without credentials or a client.
    func makeQueue(_ name: String) { sqs?.createQueue(name) }

    var records: [StandInRecord] { sqs?.records ?? nsq?.records ?? [] }

    func stop() {
        sqs?.stop()
        nsq?.stop()
    }
}
