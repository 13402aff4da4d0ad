import Glibc
import MQCore

/// What to do while the system has no room for another command: no process, no memory, no descriptor.
struct Shortage {
    private static let step = Duration.milliseconds(100)
    /// How long it may last while nothing runs whose end would make room.
    private static let patience = Duration.seconds(10)
    /// After so long, as many commands as are wanted are tried again.
    private static let memory = Duration.seconds(10)

    /// When to try again.
    private(set) var due = Deadline.immediately
    private var end: Deadline?
    private var narrowed: (width: Int, until: Deadline)?
    /// Not even one command could be started.
    private var isDire = false

    static func isCause(_ number: CInt?) -> Bool {
        // A program that is being written is complete in a moment.
        number.map { [EAGAIN, ENOMEM, EMFILE, ENFILE, ETXTBSY].contains($0) } ?? false
    }

    /// How many commands may run at once.
    func width(_ slots: Int) -> Int {
        guard let narrowed, !narrowed.until.hasPassed else { return slots }
        return min(slots, narrowed.width)
    }

    /// Whether the one command that may run has to do with as little as it can.
    var isDireNow: Bool { isDire && narrowed?.until.hasPassed == false }

    /// There was no room for one more.
    /// - Returns: false when that has lasted too long.
    mutating func met(_ number: CInt?, running: Int) -> Bool {
        due = .after(Self.step)
        isDire = running == 0
        if running > 0 {
            (narrowed, end) = ((running, .after(Self.memory)), nil)
            return true
        }
        narrowed = (1, .after(Self.memory))
        // Nothing runs whose end would give descriptors back: waiting for them is of no use.
        if let end { return number != EMFILE && !end.hasPassed }
        end = .after(Self.patience)
        return true
    }

    mutating func isOver() { (due, end) = (.immediately, nil) }
}
