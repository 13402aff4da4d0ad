import Glibc
import MQCore
import Synchronization

/// A server that runs beside the tests: its output goes to a file, and it ends with this process however that ends.
public final class LoopbackProcess: Sendable {
    /// Its process number.
    public let process: Int32
    private let guardian: pid_t
    private let lifeline: CInt
    private let log: String
    private let words: String
    private let ending = Mutex<CInt?>(nil)

    /// - Parameters:
    ///   - environment: changes to this process's own; nil removes a name.
    ///   - folder: `log` in it takes its standard output and standard error. Should this process be killed, it is removed.
    /// - Throws: `ConformanceFailure`.
    public init(_ path: String, _ arguments: [String], environment: [String: String?] = [:], folder: String) throws {
        words = ([path] + arguments).joined(separator: " ")
        log = "\(folder)/log"
        // A signal when the parent dies goes by the parent's thread, not by its process. So a shell waits for the end of
        // a socket that only this process holds, and then kills the server.
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw ConformanceFailure("no socket pair: \(SystemError.words(errno))")
        }
        defer { close(ends[1]) }
        lifeline = ends[0]
        var values = Self.ownEnvironment()
        for (name, value) in environment { values[name] = value }
        let server = try Self.spawn([path] + arguments, values, standardInput: nil, output: log)
        process = server
        let script = "read -r _; kill -9 \(server); rm -rf \"$0\""
        guardian = try Self.spawn(["/bin/sh", "-c", script, folder], values, standardInput: ends[1], output: "/dev/null")
    }

    deinit {
        kill(guardian, SIGKILL)  // first: afterwards the number may belong to another process
        Self.reap(guardian)
        end(with: SIGKILL)
        close(lifeline)
    }

    /// Whether it has not ended yet.
    public var isRunning: Bool {
        ending.withLock { ending in
            if ending != nil { return false }
            var code: CInt = 0
            if waitpid(process, &code, WNOHANG) == process { ending = code }
            return ending == nil
        }
    }

    /// Sends `signal` and waits for the end; after ten seconds with SIGKILL.
    public func end(with signal: Int32) {
        guard isRunning else { return }
        kill(process, signal)
        let limit = ContinuousClock.now + .seconds(10)
        while isRunning {
            if ContinuousClock.now >= limit { kill(process, SIGKILL) }
            usleep(1000)
        }
    }

    /// Stops (SIGSTOP) or goes on (SIGCONT).
    public func send(signal: Int32) { if isRunning { kill(process, signal) } }

    /// What it wrote so far.
    public var output: String { (try? LocalFile.contents(of: log)).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// Waits until `condition` holds.
    /// - Throws: `ConformanceFailure` with the server's output when it ended or the time is over.
    public func wait(_ limit: Duration = .seconds(10), until condition: () -> Bool) throws {
        let end = ContinuousClock.now + limit
        while !condition() {
            guard isRunning else { throw ConformanceFailure("\(words): ended. \(output)") }
            guard ContinuousClock.now < end else { throw ConformanceFailure("\(words): not ready within \(limit). \(output)") }
            usleep(2000)
        }
    }

    private static func reap(_ process: pid_t) {
        var code: CInt = 0
        while waitpid(process, &code, 0) < 0 && errno == EINTR {}
    }

    private static func ownEnvironment() -> [String: String] {
        var values: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return values
    }

    private static func spawn(_ words: [String], _ environment: [String: String], standardInput: CInt?, output: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let standardInput {
            posix_spawn_file_actions_adddup2(&actions, standardInput, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Not while `Executable` has an inheritable descriptor: this would hold the pipe of some other program open.
        let (code, process) = Executable.spawning.withLock { _ in
            Spawn.spawn(words, environment: environment.map { "\($0.key)=\($0.value)" }, &actions)
        }
        guard code == 0 else { throw ConformanceFailure("cannot start \(words[0]): \(SystemError.words(code))") }
        return process
    }
}
