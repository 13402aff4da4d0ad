import Glibc
import MQCore

/// Processes that come to the first process of a container when whoever started them has ended: nobody else buries them.
final class Orphans {
    /// How often they are looked for.
    static let interval = Duration.seconds(1)

    private let groups: RunningGroups
    /// One that leads a group and may be another part's of this program, which collects it in a moment.
    private var suspect: (process: pid_t, since: Deadline)?
    private(set) var due = Deadline.after(interval)

    /// `nil` for any but the first process.
    init?(_ groups: RunningGroups) {
        guard getpid() == 1 else { return nil }
        self.groups = groups
    }

    /// Buries those that are there.
    func collect() {
        due = .after(Self.interval)
        while let process = Self.next(), !groups.contains(process) {
            // Whatever this program starts leads a group of its own.
            if getpgid(process) == process {
                guard let suspect, suspect.process == process else {
                    suspect = (process, .after(Self.interval))
                    return
                }
                guard suspect.since.hasPassed else { return }
            }
            waitpid(process, nil, WNOHANG)
        }
    }

    /// One that has ended and was not collected.
    private static func next() -> pid_t? {
        var information = siginfo_t()
        guard waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0 else { return nil }
        let process = information._sifields._sigchld.si_pid
        return process > 0 ? process : nil
    }
}
