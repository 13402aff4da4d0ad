import MQCore
import Synchronization

/// Several queues watched at once, each by a thread of its own.
final class QueueWatches: Sendable {
    private struct State {
        var reasons: [String?]
        var open: Int
        var failure: (index: Int, error: TransportError)?
    }

    private let watches: [QueueWatch]
    private let state: Mutex<State>
    private let bell = Bell()

    init(_ watches: [QueueWatch]) {
        self.watches = watches
        state = Mutex(State(reasons: watches.map { _ in nil }, open: watches.count, failure: nil))
    }

    /// - Returns: the reasons of those whose conditions do not hold, each with its address; none when all hold.
    /// - Throws: what waiting does not mend, at any of them.
    func run(until deadline: Deadline, stop: StopFlag, console: Console) throws(TransportError) -> [(address: String, reason: String)] {
        if watches.count == 1 {
            return try watches[0].run(until: deadline, stop: stop, console: console).map { [(watches[0].address.address.short, $0)] } ?? []
        }
        for index in watches.indices.dropFirst() {
            try BackgroundThread.start("mq-wait") { self.watch(index, until: deadline, stop: stop, console: console) }
        }
        watch(0, until: deadline, stop: stop, console: console)
        while state.withLock({ $0.open > 0 && $0.failure == nil }) {
            _ = Readiness.wait(for: 1, on: bell.descriptor, until: .never, stop: stop)
            bell.silence()
            // Who is asked to leave has heard enough.
            if stop.isRaised { break }
        }
        let (reasons, failure) = state.withLock { ($0.reasons, $0.failure) }
        if let failure {
            var error = failure.error
            error.message = "\(watches[failure.index].address.address.short): \(error.message)"
            throw error
        }
        return zip(watches, reasons).compactMap { watch, reason in reason.map { (watch.address.address.short, $0) } }
    }

    private func watch(_ index: Int, until deadline: Deadline, stop: StopFlag, console: Console) {
        let result = Result { () throws(TransportError) in try watches[index].run(until: deadline, stop: stop, console: console) }
        state.withLock { state in
            state.open -= 1
            switch result {
            case .success(let reason): state.reasons[index] = reason
            case .failure(let error): if state.failure == nil { state.failure = (index, error) }
            }
        }
        bell.ring()
    }
}
