import Glibc
import Synchronization

/// A program run from outside, as a person at a shell does: arguments, streams, exit status, signals.
///
/// Nothing of the surroundings leaks in: `MQ_*`, `AWS_*` and the variables about colour are removed, keys of AWS that mean
/// nothing take the place of real ones, signals have their default actions, and every process is the leader of a group of
/// its own that a timeout kills as a whole.
public struct Executable: Sendable {
    /// Of the program's file.
    public let path: String

    /// A program that need not exist before it is run.
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

    /// The same with the arguments one by one.
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
