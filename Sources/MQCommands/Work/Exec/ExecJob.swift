import Glibc
import MQCore

/// A command that runs for messages.
final class ExecJob {
    /// How it is made to end.
    enum Stage { case running, asked, killed }

    let load: Load
    let number: Int
    private var child: ChildProcess
    /// Its standard input, and what is told of the message, until all of it is on its way.
    let input: Feed?
    let meta: Feed?
    /// On the monotonic clock, and on the wall clock.
    let started = Deadline.now()
    let startedAt = WallClock.now()
    private(set) var stage = Stage.running
    /// When the next stage begins.
    private(set) var due: Deadline

    init(_ load: Load, number: Int, _ child: consuming ChildProcess, input: Feed?, meta: Feed?, timeout: Duration?) {
        (self.load, self.number, self.input, self.meta) = (load, number, input, meta)
        self.child = child
        due = .after(timeout)
    }

    var process: CInt { child.process }
    var descriptor: CInt { child.descriptor }

    /// Its time is up: it is asked to end, with all that it has started, and then made to.
    func escalate(patience: Duration) {
        if stage == .running {
            ask()
            due = .after(patience)
        } else {
            stage = .killed
            child.signal(SIGKILL)
            due = .never
        }
    }

    func ask() {
        stage = .asked
        child.signal(SIGTERM)
        // A stopped program takes a signal only when it goes on.
        child.signal(SIGCONT)
    }

    /// How it ended, once its descriptor is readable. Where it was made to end, what it has started is killed with it: while it has not been
    /// collected, nobody else has its group.
    func collect(_ groups: RunningGroups) -> ExitReason? {
        if stage != .running { child.signal(SIGKILL) }
        groups.remove(process)
        return child.exitReason()
    }
}
