import Glibc
import MQCore
import MQStandIns

/// The real nsqd on free ports of 127.0.0.1 with a data folder of its own; ended and removed when nobody holds it any more.
public final class NSQDaemon {
    /// Beside which ports it listens, what a test needs to reach it.
    public let tcpPort: Int
    /// Where it answers over HTTP.
    public let httpPort: Int
    /// The folder of its files, removed with it.
    public let dataPath: String
    /// Where it listens instead of at `tcpPort`, if it was asked to.
    public let unixPath: String?
    private let arguments: [String]
    private let fixture = Fixture()
    private var running: LoopbackProcess?

    /// The nsqd of these tests: the path in `MQ_TEST_NSQD`, else the one on `PATH`.
    public static let executable: String? = {
        if let path = getenv("MQ_TEST_NSQD") { return String(cString: path) }
        return ProgramSearch.path(of: "nsqd")
    }()

    /// Says once, in the output of the tests, when there is none.
    public static let isAvailable: Bool = {
        if executable == nil { print("nsqd is not on PATH and MQ_TEST_NSQD is not set: nsq cases run against the stand-in only") }
        return executable != nil
    }()

    /// Another program of NSQ (`to_nsq`, `nsq_tail` …), beside nsqd or on `PATH`.
    public static func tool(_ name: String) -> String? {
        if let executable {
            let path = executable.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/\(name)"
            if access(path, X_OK) == 0 { return path }
        }
        return ProgramSearch.path(of: name)
    }

    /// - Parameters:
    ///   - lookups: where it announces itself.
    ///   - usesUnixSocket: protocol V2 is spoken at `unixPath`; HTTP stays on its port.
    ///   - arguments: more of its own options, `-msg-timeout=1s` for example.
    /// - Throws: `ConformanceFailure` when there is no nsqd or it does not answer.
    public init(lookups: [NSQLookupDaemon] = [], usesUnixSocket: Bool = false, arguments: [String] = []) throws {
        dataPath = try fixture.directory()
        tcpPort = try LoopbackSocket.freePort()
        httpPort = try LoopbackSocket.freePort()
        unixPath = usesUnixSocket ? "\(dataPath)/nsqd.sock" : nil
        self.arguments =
            [
                "-tcp-address=\(unixPath ?? "127.0.0.1:\(tcpPort)")", "-http-address=127.0.0.1:\(httpPort)",
                // With TLS it would listen on all interfaces, at a port that two of them cannot share.
                "-https-address=127.0.0.1:0", "-broadcast-address=127.0.0.1", "-data-path=\(dataPath)",
            ] + lookups.map { "-lookupd-tcp-address=127.0.0.1:\($0.tcpPort)" } + arguments
        try start()
    }

    deinit { running?.end(with: SIGKILL) }

    /// Starts it again, on the same ports and with the same data folder.
    /// - Throws: `ConformanceFailure`.
    public func start() throws {
        guard let path = Self.executable else { throw ConformanceFailure("no nsqd: it is not on PATH and MQ_TEST_NSQD is not set") }
        if let running, running.isRunning { return }
        let started = try LoopbackProcess(path, arguments, folder: dataPath)
        running = started
        try started.wait { NSQDaemon.answers(httpPort) && listensForClients }
    }

    private var listensForClients: Bool {
        if let unixPath { return access(unixPath, F_OK) == 0 }
        return (try? LoopbackSocket.connect(port: tcpPort)) != nil
    }

    /// As a crash does: what was in memory is lost.
    public func kill() { running?.end(with: SIGKILL) }

    /// As an administrator does: what was in memory is written to the data folder.
    public func stop() { running?.end(with: SIGTERM) }

    /// Stops its clock and all replies, with connections left open.
    public func pause() { running?.send(signal: SIGSTOP) }
    /// Lets it go on after `pause`.
    public func resume() { running?.send(signal: SIGCONT) }

    /// What it wrote to standard error so far.
    public var log: String { running?.output ?? "" }
    /// Its process number; `nil` while it does not run.
    public var process: Int32? { running?.process }

    /// - Throws: `ConformanceFailure` when it does not answer.
    @discardableResult
    public func http(_ method: String, _ path: String, body: [UInt8] = []) throws -> LoopbackHTTP {
        try LoopbackHTTP.request(method, path, port: httpPort, body: body)
    }

    static func answers(_ port: Int) -> Bool { (try? LoopbackHTTP.request("GET", "/ping", port: port, limit: .seconds(1)))?.status == 200 }
}
