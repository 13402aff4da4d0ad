import Glibc
import MQCore

/// A thread for every piece of a task.
final class ThreadExecutor: TaskExecutor {
    static let shared: ThreadExecutor = {
        // As in the program itself: a reader that leaves is an error, not the end.
        signal(SIGPIPE, SIG_IGN)
        return ThreadExecutor()
    }()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        BackgroundThread.startOrEnd("test") { job.runSynchronously(on: executor) }
    }
}
