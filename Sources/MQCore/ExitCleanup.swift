import Synchronization

/// What must be undone on every way out: temporary queues, bound socket files.
///
/// An endpoint undoes its own things when it goes; this list is for the ways on which nothing is deinitialised,
/// `exit` and a signal raised again. The program calls `runAll` there, never from a signal handler.
public enum ExitCleanup {
    /// Names one registered step.
    public struct Token: Sendable, Equatable {
        fileprivate let number: Int
    }

    private struct State {
        var next = 0
        var steps: [(number: Int, step: @Sendable () -> Void)] = []
    }

    private static let state = Mutex(State())

    /// Has `step` run when the process ends, unless it is cancelled before.
    public static func register(_ step: @escaping @Sendable () -> Void) -> Token {
        state.withLock { state in
            state.next += 1
            state.steps.append((state.next, step))
            return Token(number: state.next)
        }
    }

    /// Forgets a step that is done already or no longer needed.
    public static func cancel(_ token: Token) {
        state.withLock { $0.steps.removeAll { $0.number == token.number } }
    }

    /// Runs every step once, the last registered first. Outside the lock, so that a step may cancel others.
    public static func runAll() {
        while let entry = state.withLock({ $0.steps.popLast() }) { entry.step() }
    }
}
