internal import Glibc
internal import MQCore

/// A worker as the one who started it sees it.
final class WorkerHandle {
    let job: WorkerJob
    private var toWorker: FramePipe?
    private let fromWorker: FramePipe
    private var process: pid_t?
    private(set) var result: WorkerResult?

    typealias Resolve = @Sendable (String) throws(TransportError) -> any Transport

    /// Starts a process, or a thread when the job says so.
    init(_ job: WorkerJob, counters: SharedCounters, stop: StopFlag, resolve: @escaping Resolve) throws(TransportError) {
        self.job = job
        let (input, toWorker) = try FramePipe.pair()
        let (fromWorker, output) = try FramePipe.pair()
        (self.toWorker, self.fromWorker) = (toWorker, fromWorker)
        if job.isThread {
            process = nil
            BackgroundThread.start {
                // For whoever looks at the process, a test among them.
                let name = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
                if name >= 0 {
                    _ = write(name, "mq-bench-worker", 15)
                    close(name)
                }
                WorkerServer.serve(input, output, counters: counters, stop: stop, watchesInput: false, resolve: resolve)
            }
        } else {
            process = try Self.spawn(input.descriptor, output.descriptor, counters.descriptor)
        }
        guard let text = try? job.tree.compact(), toWorker.write(text) else {
            throw TransportError(.failure, "a worker did not start")
        }
    }

    deinit { dismiss() }

    /// Lets the worker go and waits until it has: a thread still writes to its pipe, a process cleans up behind itself. A process
    /// that takes too long is killed; a thread cannot be.
    func dismiss() {
        guard toWorker != nil else { return }
        toWorker = nil
        let patience = Deadline.after(process == nil ? .seconds(2) : .milliseconds(250))
        while case .frame = fromWorker.read(until: patience, stop: StopFlag()) {}
        guard let process else { return }
        if patience.hasPassed { kill(process, SIGKILL) }
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        self.process = nil
    }

    /// Runs this very program again, with the pipes where a worker expects them.
    private static func spawn(_ input: CInt, _ output: CInt, _ memory: CInt) throws(TransportError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // By way of high numbers: the three may stand where another of them is to go.
        let plan = [(input, WorkerServer.input), (output, WorkerServer.output), (memory, WorkerServer.memory)]
        for (index, entry) in plan.enumerated() { posix_spawn_file_actions_adddup2(&actions, entry.0, CInt(200 + index)) }
        for (index, entry) in plan.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, CInt(200 + index), entry.1)
            posix_spawn_file_actions_addclose(&actions, CInt(200 + index))
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("mq"), strdup("__bench-worker"), nil]
        defer { arguments.forEach { free($0) } }
        var process = pid_t()
        let status = posix_spawn(&process, "/proc/self/exe", &actions, nil, &arguments, environ)
        guard status == 0 else { throw TransportError(.failure, "a worker did not start: \(SystemError.words(status))", errno: status) }
        return process
    }

    /// Waits until its end of the queue is open.
    func awaitReady(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        switch fromWorker.read(until: deadline, stop: stop) {
        case .frame(let bytes) where bytes == WorkerServer.readyFrame: return
        case .frame(let bytes):
            take(bytes)
            throw failure ?? died
        case .closed: throw died
        case .deadlinePassed: throw TransportError(.unreachable, "the \(side) could not open \(job.address) in time")
        case .stopped: throw TransportError(.failure, "interrupted")
        }
    }

    func start(at moment: UInt64) {
        _ = withUnsafeBytes(of: moment) { toWorker?.write(Array($0)) }
    }

    /// Looks for the result; false when it has not come by the deadline.
    func poll(until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Bool {
        if result != nil { return true }
        switch fromWorker.read(until: deadline, stop: stop) {
        case .frame(let bytes): take(bytes)
        case .closed: throw died
        case .deadlinePassed, .stopped: return false
        }
        if let failure { throw failure }
        return true
    }

    private func take(_ bytes: [UInt8]) {
        result = WorkerResult(message: bytes)
    }

    /// What the worker said when it failed.
    private var failure: TransportError? {
        guard let result, let sentence = result.failure else { return nil }
        return TransportError(TransportError.Code(result.failureKind ?? "failure"), "\(side): \(sentence)")
    }

    private var died: TransportError { TransportError(.failure, "the \(side) of \(job.address) ended without a result") }

    private var side: String {
        switch job.role {
        case .produce: "producer"
        case .consume: "consumer"
        case .ping: "pinging side"
        case .echo: "answering side"
        }
    }
}
