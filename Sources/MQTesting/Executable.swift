import Glibc
import Synchronization

/// A program run from outside, as a person at a shell does: arguments, streams, exit status, signals.
///
/// Nothing of the surroundings leaks in: `MQ_*`, `AWS_*` and the variables about colour are removed, keys of AWS that mean
/// nothing take the place of real ones, signals have their default actions, and every process is the leader of a group of
/// its own that a timeout kills as a whole.
public struct Executable: Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    /// The built `mq`: the path in `MQ_EXECUTABLE`, else the release build, else the debug build of this package.
    /// - Throws: `ConformanceFailure` when there is none.
    public static func mq() throws -> Executable {
        var candidates: [String] = []
        if let path = getenv("MQ_EXECUTABLE") { candidates.append(String(cString: path)) }
        candidates += ["\(packageRoot)/.build/release/mq", "\(packageRoot)/.build/debug/mq"]
        guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw ConformanceFailure("no mq to run: tried \(candidates.joined(separator: ", ")); swift build makes one")
        }
        return Executable(found)
    }

    /// The folder of Package.swift.
    public static let packageRoot: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }()

    /// What standard input is.
    public enum Input: Sendable {
        case nothing
        case bytes([UInt8])
        case text(String)
        case file(String)
        /// Stays open until `RunningProgram.closeInput`; filled with `RunningProgram.write`.
        case open
    }

    /// Runs to the end.
    /// - Throws: `ConformanceFailure` when it cannot be started or takes longer than `timeout`.
    public func run(
        _ arguments: [String], input: Input = .nothing, environment: [String: String?] = [:], directory: String? = nil,
        timeout: Duration = .seconds(20)
    ) throws -> ProgramResult {
        try start(arguments, input: input, environment: environment, directory: directory).wait(timeout: timeout)
    }

    public func run(_ arguments: String..., input: Input = .nothing, timeout: Duration = .seconds(20)) throws -> ProgramResult {
        try run(arguments, input: input, timeout: timeout)
    }

    /// Runs a script of bash, with this program's folder first in `PATH`: pipelines as people write them. `PIPESTATUS`
    /// and `set -o pipefail` work.
    public func shell(
        _ script: String, input: Input = .nothing, environment: [String: String?] = [:], directory: String? = nil,
        timeout: Duration = .seconds(30)
    ) throws -> ProgramResult {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let search = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        var environment = environment
        environment["PATH"] = .some("\(folder):\(search)")
        return try Executable("/bin/bash").run(
            ["-c", script], input: input, environment: environment, directory: directory, timeout: timeout)
    }

    /// Starts and returns at once.
    public func start(
        _ arguments: [String], input: Input = .nothing, environment: [String: String?] = [:], directory: String? = nil
    ) throws -> RunningProgram {
        try Self.spawning.withLock { _ in
            signal(SIGPIPE, SIG_IGN)  // a program that does not read its input must not end the tests
            return try Spawn(path, arguments, input, Self.environment(environment), directory).start()
        }
    }

    /// Without pipe2(2) in Swift's Glibc, a descriptor is inheritable for a moment: nobody else may start a program then,
    /// or it would hold the pipe open.
    static let spawning = Mutex(())

    private static func environment(_ changes: [String: String?]) -> [String] {
        // Keys that mean nothing: sqs addresses bring their endpoint, and nobody asks the cloud who this machine is.
        var values = [
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        ]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let isOurs = name.hasPrefix("MQ_") || name.hasPrefix("AWS_") || ["NO_COLOR", "FORCE_COLOR", "CLICOLOR"].contains(name)
            if parts.count == 2 && !isOurs { values[name] = String(parts[1]) }
            entry += 1
        }
        for (name, value) in changes { values[name] = value }
        return values.map { "\($0.key)=\($0.value)" }
    }
}

/// How a program ended, and what it wrote.
public struct ProgramResult: Sendable {
    public enum Ending: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    public let ending: Ending
    public let output: [UInt8]
    public let errorOutput: [UInt8]
    public let duration: Duration

    public var text: String { String(decoding: output, as: UTF8.self) }
    public var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
    /// Lines of standard output, without the last newline.
    public var lines: [String] {
        var all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if all.last == "" { all.removeLast() }
        return all
    }
    /// As the shell shows it: the exit status, or 128 and the signal.
    public var status: Int32 {
        switch ending {
        case .exited(let status): status
        case .signalled(let signal): 128 + signal
        }
    }
}

/// posix_spawn(3) with three streams.
struct Spawn {
    let path: String
    let arguments: [String]
    let input: Executable.Input
    let environment: [String]

    init(_ path: String, _ arguments: [String], _ input: Executable.Input, _ environment: [String], _ directory: String?) {
        self.input = input
        self.environment = environment
        if let directory {
            // Swift's Glibc lacks posix_spawn_file_actions_addchdir_np.
            self.path = "/bin/sh"
            self.arguments = ["-c", "cd \"$1\" && shift && exec \"$@\"", "sh", directory, path] + arguments
        } else {
            self.path = path
            self.arguments = arguments
        }
    }

    func start() throws -> RunningProgram {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let (output, errors) = (try Self.pipePair(), try Self.pipePair())
        posix_spawn_file_actions_adddup2(&actions, output.write, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.write, 2)
        var inputEnd: CInt = -1
        var pending: [UInt8] = []
        var inputSource: CInt = -1
        switch input {
        case .nothing: posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        case .file(let file): posix_spawn_file_actions_addopen(&actions, 0, file, O_RDONLY, 0)
        case .bytes, .text, .open:
            let pair = try Self.pipePair()
            (inputSource, inputEnd) = (pair.read, pair.write)
            posix_spawn_file_actions_adddup2(&actions, pair.read, 0)
            if case .bytes(let bytes) = input { pending = bytes }
            if case .text(let text) = input { pending = Array(text.utf8) }
        }
        let (code, process) = spawn(&actions)
        for end in [output.write, errors.write, inputSource] where end >= 0 { close(end) }
        guard code == 0 else {
            for end in [output.read, errors.read, inputEnd] where end >= 0 { close(end) }
            throw ConformanceFailure("cannot start \(path): \(String(cString: strerror(code)))")
        }
        var staysOpen = false
        if case .open = input { staysOpen = true }
        return RunningProgram(
            process: process, input: inputEnd, pending: pending, staysOpen: staysOpen, output: output.read, errors: errors.read,
            words: ([path] + arguments).joined(separator: " "))
    }

    private func spawn(_ actions: inout posix_spawn_file_actions_t) -> (CInt, pid_t) {
        Self.spawn([path] + arguments, environment: environment, &actions)
    }

    /// Starts a program in a process group of its own, with every signal as it is for a program started by hand.
    static func spawn(_ words: [String], environment: [String], _ actions: inout posix_spawn_file_actions_t) -> (CInt, pid_t) {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (defaults, mask) = (sigset_t(), sigset_t())
        sigemptyset(&mask)
        sigemptyset(&defaults)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGURG] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        var argv = words.map { strdup($0) } + [nil]
        var envp = environment.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var process = pid_t()
        return (posix_spawn(&process, words[0], &actions, &attributes, &argv, &envp), process)
    }

    private static func pipePair() throws -> (read: CInt, write: CInt) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ConformanceFailure("no pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
