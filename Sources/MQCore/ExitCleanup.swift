import Synchronization

/// What must be undone whatever way the program ends: private queues, socket files. Run in reverse order of registration.
public enum ExitCleanup {
    private static let actions = Mutex<(next: Int, list: [(token: Int, action: @Sendable () -> Void)])>((0, []))

    /// Registers `action`; the token takes it back.
    public static func register(_ action: @escaping @Sendable () -> Void) -> Int {
        actions.withLock { state in
            state.next += 1
            state.list.append((state.next, action))
            return state.next
        }
    }

    /// Forgets an action that has been carried out, or is no longer wanted.
    public static func cancel(_ token: Int) {
        actions.withLock { state in state.list.removeAll { $0.token == token } }
    }

    /// Carries out what is registered, the latest first, each once.
    public static func runAll() {
        while let last = actions.withLock({ $0.list.popLast() }) { last.action() }
    }
}
