internal import Glibc
public import MQCore

/// The worker's end of the two pipes: in a process of its own, or in a thread.
public enum WorkerServer {
    /// The descriptors of a worker process.
    static let input: CInt = 3
    static let output: CInt = 4
    static let memory: CInt = 5

    static let readyFrame = Array("ready".utf8)

    /// What `mq __bench-worker` does: one job, told and answered over descriptors 3 and 4.
    /// - Parameter stop: raised when the process is to end, and here when the one who started it has gone.
    public static func runProcess(
        stop: StopFlag, resolve: @escaping @Sendable (String) throws(TransportError) -> any Transport
    ) throws(TransportError) {
        // A descriptor of that number may be anything; the counters are a file.
        var status = stat()
        guard fstat(memory, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw TransportError(.usage, "a worker is started by mq bench only")
        }
        // They belong to this process alone: a transport's helpers must not hold them open.
        for descriptor in [input, output, memory] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        let counters = try SharedCounters(inherited: memory)
        serve(
            FramePipe(PipeEnd(owning: input)), FramePipe(PipeEnd(owning: output)), counters: counters, stop: stop, watchesInput: true,
            resolve: resolve)
    }

    static func serve(
        _ input: FramePipe, _ output: FramePipe, counters: SharedCounters, stop: StopFlag, watchesInput: Bool,
        resolve: @escaping (String) throws(TransportError) -> any Transport
    ) {
        guard case .frame(let text) = input.read(until: .after(.seconds(30)), stop: stop),
            let job = WorkerJob(message: text)
        else { return }
        let worker = Worker(job: job, counters: counters, stop: stop, resolve: resolve) {
            guard output.write(readyFrame), case .frame(let start) = input.read(until: .after(.seconds(60)), stop: stop), start.count == 8
            else { return nil }
            if watchesInput { endWithParent(input, stop) }
            return start.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        }
        // A benchmark that was killed cannot remove its own queue.
        defer { if watchesInput && input.hasNoWriter { removeQueues(job, resolve) } }
        let result = worker.run()
        if let text = try? result.tree.compact() { _ = output.write(text) }
    }

    private static func removeQueues(_ job: WorkerJob, _ resolve: (String) throws(TransportError) -> any Transport) {
        for address in job.privateQueues { try? resolve(address).openAdmin(Opening(stop: StopFlag())).delete() }
    }

    /// A benchmark that is killed must not leave its workers filling a queue.
    private static func endWithParent(_ input: FramePipe, _ stop: StopFlag) {
        BackgroundThread.startOrEnd("mq-bench-watch") {
            BackgroundThread.leaveDescriptorTable(keeping: [input.descriptor] + stop.descriptors)
            _ = input.read(until: .never, stop: stop)
            stop.raise()
        }
    }
}
