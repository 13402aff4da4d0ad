import MQCore

/// Ends the wait in hand: a worker is done, a child ended, SIGHUP came, the program is asked to stop.
final class Turn: Sendable {
    /// What the program waits with.
    let flag = StopFlag()

    /// From any thread.
    func end() { flag.raise() }

    /// Begins the next. By the thread that waits, which then looks at everything that could have ended the last one.
    func begin() { flag.lower() }
}
