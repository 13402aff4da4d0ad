import MQCore

/// A thread for every piece of a task.
final class ThreadExecutor: TaskExecutor {
    static let shared = ThreadExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        BackgroundThread.startOrEnd("test") { job.runSynchronously(on: executor) }
    }
}
