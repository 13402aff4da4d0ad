import Glibc
import MQCore
import MQStandIns

/// The real nsqlookupd, as `NSQDaemon`.
public final class NSQLookupDaemon {
    /// Where nsqd announces itself.
    public let tcpPort: Int
    /// Where clients ask.
    public let httpPort: Int
    private let arguments: [String]
    private let fixture = Fixture()
    private let folder: String
    private var running: LoopbackProcess?

    /// Says once, in the output of the tests, when there is none.
    public static let isAvailable: Bool = {
        if NSQDaemon.tool("nsqlookupd") == nil { print("nsqlookupd is neither beside nsqd nor on PATH: it is not tested") }
        return NSQDaemon.tool("nsqlookupd") != nil
    }()

    /// - Parameter arguments: more of its own options, `-inactive-producer-timeout=2s` for example.
    /// - Throws: `ConformanceFailure` when there is no nsqlookupd or it does not answer.
    public init(arguments: [String] = []) throws {
        folder = try fixture.directory()
        tcpPort = try LoopbackSocket.freePort()
        httpPort = try LoopbackSocket.freePort()
        self.arguments =
            ["-tcp-address=127.0.0.1:\(tcpPort)", "-http-address=127.0.0.1:\(httpPort)", "-broadcast-address=127.0.0.1"] + arguments
        try start()
    }

    deinit { running?.end(with: SIGKILL) }

    /// Starts it again on the same ports.
    /// - Throws: `ConformanceFailure`.
    public func start() throws {
        guard let path = NSQDaemon.tool("nsqlookupd") else { throw ConformanceFailure("no nsqlookupd beside nsqd or on PATH") }
        if let running, running.isRunning { return }
        let started = try LoopbackProcess(path, arguments, folder: folder)
        running = started
        try started.wait { NSQDaemon.answers(httpPort) }
    }

    /// Ends it as a crash would.
    public func kill() { running?.end(with: SIGKILL) }
    /// What it wrote so far.
    public var log: String { running?.output ?? "" }

    /// - Throws: `ConformanceFailure` when it does not answer.
    @discardableResult
    public func http(_ method: String, _ path: String) throws -> LoopbackHTTP { try LoopbackHTTP.request(method, path, port: httpPort) }
}
