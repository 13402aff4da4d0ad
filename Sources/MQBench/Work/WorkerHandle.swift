internal import Glibc
internal import MQCore

/// A worker as the one who started it sees it.
final class WorkerHandle {
    let job: WorkerJob
    private var toWorker: FramePipe?
    private let fromWorker: FramePipe
    private var process: ChildProcess?
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
            try BackgroundThread.start("mq-bench-worker") {
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
        // One that has ended its pipe is about to go; one that took too long is killed.
        guard process != nil else { return }
        if !patience.hasPassed { _ = process?.wait(until: .never, stop: StopFlag()) }
        process = nil
    }

    /// Runs this very program again, with the pipes where a worker expects them.
    private static func spawn(_ input: CInt, _ output: CInt, _ memory: CInt) throws(TransportError) -> ChildProcess {
        var command = ChildCommand(["mq", "__bench-worker"])
        command.path = "/proc/self/exe"
        return try ChildProcess(
            command,
            descriptors: [(input, WorkerServer.input), (output, WorkerServer.output), (memory, WorkerServer.memory)])
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
