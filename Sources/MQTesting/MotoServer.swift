import Glibc
import MQCore
import MQStandIns

/// moto, the AWS emulator from PyPI, on a free port of 127.0.0.1: one for the whole process, since it takes seconds to
/// start, and ended with it. Queues of different tests need names of their own.
public final class MotoServer: Sendable {
    /// Of 127.0.0.1.
    public let port: Int
    /// As `AWS_ENDPOINT_URL` takes it.
    public let endpoint: String
    private let server: LoopbackProcess
    private let fixture: Fixture

    /// The Python with the programs of others, as `Scripts/bootstrap test` makes it.
    public static let python: String? = getenv("MQ_TEST_PYTHON").map { String(cString: $0) }

    /// Says once, in the output of the tests, when there is none.
    public static let isAvailable: Bool = {
        guard let python else {
            print("MQ_TEST_PYTHON names no Python with moto[server]: sqs cases run against the stand-in only")
            return false
        }
        let found = try? Executable(python).run(["-c", "import moto.server, boto3"], timeout: .seconds(60))
        if found?.status != 0 { print("\(python) has no moto[server]: sqs cases run against the stand-in only") }
        return found?.status == 0
    }()

    private static let started = Result { try MotoServer() }

    /// The one server of this process, started when first asked for.
    /// - Throws: `ConformanceFailure` when there is none or it does not answer.
    public static func shared() throws -> MotoServer { try started.get() }

    /// A server of its own, for a test that turns signature and permission checks on (see `checkAuthorization`).
    /// - Throws: `ConformanceFailure`.
    public init() throws {
        guard let python = Self.python else { throw ConformanceFailure("MQ_TEST_PYTHON names no Python with moto[server]") }
        fixture = Fixture()
        port = try LoopbackSocket.freePort()
        endpoint = "http://127.0.0.1:\(port)"
        let folder = try fixture.directory()
        server = try LoopbackProcess(
            python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", "\(port)"], environment: SQSStandIn.credentials,
            folder: folder)
        let port = port
        try server.wait(.seconds(60)) { (try? LoopbackHTTP.request("GET", "/moto-api/data.json", port: port))?.status == 200 }
    }

    /// For clients of it: credentials that mean nothing, a region, the endpoint, and no question to the cloud's metadata service.
    public var environment: [String: String] {
        var all = SQSStandIn.credentials
        all["AWS_ENDPOINT_URL"] = endpoint
        return all
    }

    /// Turns the checks of signature and permissions on after `requests` more requests: 0 from the next on. Users and keys that are to
    /// pass must have been made before.
    /// - Throws: `ConformanceFailure`.
    public func checkAuthorization(after requests: Int = 0) throws {
        let reply = try LoopbackHTTP.request("POST", "/moto-api/reset-auth", port: port, body: Array("\(requests)".utf8))
        guard reply.status == 200 else { throw ConformanceFailure("moto: reset-auth answered \(reply.status): \(reply.text)") }
    }

    /// What it wrote so far.
    public var log: String { server.output }
}
