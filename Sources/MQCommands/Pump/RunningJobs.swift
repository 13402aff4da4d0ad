import MQCore
import Synchronization

/// The messages that are with a work just now, for those who ask what it is doing.
final class RunningJobs: Sendable {
    struct Job: Sendable {
        let position: Int
        let id: String?
        let attempt: Int
        /// On the monotonic clock, in nanoseconds.
        let start: UInt64
    }

    private let jobs = Mutex<[Int: Job]>([:])

    func begin(_ position: Int, _ properties: MessageProperties) {
        let job = Job(position: position, id: properties.id, attempt: properties.attempts ?? 1, start: Deadline.now())
        jobs.withLock { $0[position] = job }
    }

    func end(_ positions: Range<Int>) {
        jobs.withLock { jobs in for position in positions { jobs[position] = nil } }
    }

    /// The oldest first.
    var all: [Job] { jobs.withLock { Array($0.values) }.sorted { ($0.start, $0.position) < ($1.start, $1.position) } }
}
