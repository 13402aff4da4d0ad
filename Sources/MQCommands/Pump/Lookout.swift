import Glibc
import MQCore

/// Ends the wait for a message when a work has something to say: a receiver waits for its queue and its stop flag only.
///
/// Its thread is woken only between `begin` and `end`: a descriptor that becomes ready at another time costs no switch of threads.
final class Lookout {
    private let watched: CInt
    private let set: EventSet
    private let leaving: Bell
    private static let (ready, left): (UInt64, UInt64) = (0, 1)

    /// - Parameter descriptor: readable when the wait is to end.
    /// - Throws: `failure` when there is no descriptor or no thread left.
    init(_ descriptor: CInt, _ turn: Turn) throws(TransportError) {
        let (set, leaving) = (try EventSet(), Bell())
        set.add(descriptor, 0, token: Self.ready, once: true)
        set.add(leaving.descriptor, POLLIN, token: Self.left)
        try BackgroundThread.start("mq-lookout", blockingSignals: true) {
            // Keeps the bell until it has rung.
            defer { leaving.silence() }
            var events: [EventSet.Event] = []
            while true {
                set.wait(until: .never, into: &events)
                if events.contains(where: { $0.token == Self.left }) { return }
                if !events.isEmpty { turn.end() }
                events.removeAll(keepingCapacity: true)
            }
        }
        (watched, self.set, self.leaving) = (descriptor, set, leaving)
    }

    deinit { leaving.ring() }

    func begin() { set.change(watched, POLLIN, token: Self.ready, once: true) }
    func end() { set.change(watched, 0, token: Self.ready, once: true) }
}
