internal import CProcess
import Glibc

/// A running program in a process group of its own. One that is dropped without having ended is killed, with its group.
public struct ChildProcess: ~Copyable, Sendable {
    /// Its process number, which is its group's too unless it shares ours.
    public let process: CInt
    private let ending: PipeEnd
    private var reason: ExitReason?

    /// Starts a program. It has the standard streams of this process unless `descriptors` say otherwise, and no other descriptor.
    /// - Parameter descriptors: of this process, and their numbers in the child; -1 is /dev/null. They stay open here.
    /// - Throws: `failure` with the error number when it could not be started: ENOENT when there is no such program, EAGAIN at the
    ///   limit of processes.
    public init(_ command: ChildCommand, descriptors: [(source: CInt, target: CInt)] = []) throws(TransportError) {
        try self.init(command, descriptors: descriptors, usesPidfd: true)
    }

    /// - Parameter usesPidfd: false is what a kernel before 5.3 does.
    init(_ command: ChildCommand, descriptors: [(source: CInt, target: CInt)], usesPidfd: Bool) throws(TransportError) {
        precondition(!command.words.isEmpty, "a command has a program")
        let sources = descriptors.map(\.source)
        let targets = descriptors.map(\.target)
        var pidfd: CInt = -1
        let result = command.withVectors { arguments, environment in
            Self.withPath(command.path) { path in
                Self.withPath(command.folder) { folder in
                    var plan = cprocess_plan()
                    plan.program = path ?? UnsafePointer(arguments.pointee)
                    plan.arguments = arguments
                    plan.environment = environment
                    plan.folder = folder
                    plan.shares_group = command.sharesGroup ? 1 : 0
                    plan.dies_with_parent = command.diesWithParent ? 1 : 0
                    plan.descriptor_limit = command.descriptorLimit
                    return sources.withUnsafeBufferPointer { sources in
                        targets.withUnsafeBufferPointer { targets in
                            plan.sources = sources.baseAddress
                            plan.targets = targets.baseAddress
                            plan.count = CInt(sources.count)
                            return cprocess_spawn(&plan, &pidfd)
                        }
                    }
                }
            }
        }
        guard result > 0 else {
            let name = command.path ?? String(decoding: command.words[0], as: UTF8.self)
            throw TransportError(.failure, "'\(name)' could not be started: \(SystemError.words(-result))", errno: -result)
        }
        process = result
        if pidfd >= 0 && usesPidfd {
            ending = PipeEnd(owning: pidfd)
        } else {
            if pidfd >= 0 { close(pidfd) }
            ending = Self.watch(result)
        }
    }

    private static func withPath<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        guard let text else { return body(nil) }
        return text.withCString { body($0) }
    }

    /// Without pidfd: a thread that waits for the end and closes its end of a pipe. Without a thread either, nothing to poll.
    private static func watch(_ process: pid_t) -> PipeEnd {
        let pipe = Pipe.ifPossible()
        let reading = pipe.reading
        let writing = pipe.writing.release()
        do throws(TransportError) {
            try BackgroundThread.start("mq-child") {
                _ = cprocess_await(process)
                close(writing)
            }
            return reading
        } catch {
            close(writing)
            return PipeEnd(owning: -1)
        }
    }

    deinit { if reason == nil { Self.finish(process) } }

    /// Becomes readable, for poll(2), when the program has ended.
    public var descriptor: CInt { ending.descriptor }

    /// How it ended; `nil` while it runs.
    public mutating func exitReason() -> ExitReason? {
        if let reason { return reason }
        var status: CInt = 0
        guard waitpid(process, &status, WNOHANG) == process else { return nil }
        reason = ExitReason(status)
        return reason
    }

    /// Waits for its end.
    /// - Returns: `nil` when the deadline passed or the flag was raised before.
    public mutating func wait(until deadline: Deadline, stop: StopFlag) -> ExitReason? {
        while true {
            if let reason = exitReason() { return reason }
            // With nothing to poll, its end is looked for.
            let step = descriptor < 0 ? deadline.earlier(.after(.milliseconds(10))) : deadline
            switch Readiness.wait(for: POLLIN, on: descriptor, until: step, stop: stop) {
            case .ready: continue
            case .deadlinePassed where !deadline.hasPassed: continue
            case .deadlinePassed, .stopped: return exitReason()
            }
        }
    }

    /// Sends a signal to the program and to what it has started.
    public func signal(_ number: CInt) { if reason == nil { kill(-process, number) } }

    /// Asks the whole group to end, and kills it when it has not in time.
    public mutating func end(within patience: Duration, by number: CInt = 15) -> ExitReason {
        signal(number)
        // A stopped program takes a signal only when it goes on.
        signal(SIGCONT)
        if let reason = wait(until: .after(patience), stop: StopFlag()) { return reason }
        let reason = Self.finish(process)
        self.reason = reason
        return reason
    }

    @discardableResult
    private static func finish(_ process: pid_t) -> ExitReason {
        kill(-process, SIGKILL)
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return ExitReason(status)
    }
}
