import MQBench
import MQCore

/// A worker of a benchmark, started by `mq bench` with its pipes in place.
struct BenchWorker: Verb {
    static let table = VerbTable("__bench-worker", .hidden, .changes, "Produce or consume for a benchmark.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let stop = StopFlag()
        ProcessMonitor.start(
            ProcessMonitor.Configuration(stop: stop, console: console, counters: Counters(), verb: "moved", drawsProgress: false))
        try WorkerServer.runProcess(stop: stop) { text throws(TransportError) in try ResolvedAddress(text, options: []).transport() }
        return .success
    }
}
