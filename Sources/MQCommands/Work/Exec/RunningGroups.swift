import Glibc
import MQCore
import Synchronization

/// The process groups of commands that run, so that no way out of the program leaves one behind.
final class RunningGroups: Sendable {
    private let groups: Guarded
    private let token: ExitCleanup.Token

    private final class Guarded: Sendable {
        let leaders = Mutex<Set<pid_t>>([])
    }

    init() {
        let groups = Guarded()
        self.groups = groups
        token = ExitCleanup.register { groups.leaders.withLock { for leader in $0 { kill(-leader, SIGKILL) } } }
    }

    deinit { ExitCleanup.cancel(token) }

    func contains(_ leader: pid_t) -> Bool { groups.leaders.withLock { $0.contains(leader) } }
    func insert(_ leader: pid_t) { groups.leaders.withLock { _ = $0.insert(leader) } }
    /// Before the leader is collected: its number may be another's then.
    func remove(_ leader: pid_t) { groups.leaders.withLock { _ = $0.remove(leader) } }
}
