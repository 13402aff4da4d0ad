internal import MQCore
internal import MQNet

/// Takes messages that a thread of its own polls for, keeps and deletes: the owner may be blocked on its output for as long as
/// it likes, and nothing that is held becomes another receiver's.
final class SQSReceiver: Receiver {
    private let desk: ReceiveDesk
    private let isPeeking: Bool
    private var isClosed = false
    private(set) var handedOver = 0

    /// How long an empty queue is waited for when it is only looked at.
    private static let peekTime = Duration.seconds(10)

    /// - Throws: `usage`, `noSuchQueue`, `permission`, `unreachable`.
    init(_ settings: Settings, _ opening: Opening) throws(TransportError) {
        let connection = try Connection(settings, opening)
        let url = try connection.queueURL(until: opening.deadline)
        desk = try ReceiveDesk(connection.http.waker)
        isPeeking = opening.mode == .peek
        let service = ReceiveService(connection, url: url, desk: desk, opening)
        let handover = Handover(service: service)
        BackgroundThread.start { handover.service.run() }
    }

    private struct Handover: @unchecked Sendable {
        // Unchecked: only the new thread uses the service; the thread that made it keeps nothing of it.
        let service: ReceiveService
    }

    deinit {
        // What is left goes back on the thread that is still there, as far as the process lives.
        desk.state.withLock { $0.isClosing = true }
        desk.wakeService()
    }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        if stop.isRaised { return .stopped }
        // Whether anything is there is known only when the queue was asked: who looks waits for that.
        let deadline = isPeeking && deadline == .immediately ? .after(Self.peekTime) : deadline
        let needsWake = desk.state.withLock { state in
            let mayTakeMore = limit > state.allowance
            state.allowance = limit
            state.wantsProperties = batch.wantsProperties
            state.deadline = deadline
            state.patience = deadline.remaining.map { Int($0 / 1_000_000_000) }
            state.isOwnerWaiting = state.ready == 0
            return state.isOwnerWaiting && (mayTakeMore || !state.isAttentive)
        }
        if needsWake { desk.wakeService() }
        defer { desk.state.withLock { $0.isOwnerWaiting = false } }
        while true {
            if try take(into: &batch, limit: limit, byteLimit: byteLimit) { return .received }
            if desk.state.withLock({ $0.isEmpty || ($0.isClosed && isPeeking) }) { return .ended }
            switch desk.wait(until: deadline, stop: stop) {
            case .ready: continue
            case .stopped: return .stopped
            case .deadlinePassed: return try take(into: &batch, limit: limit, byteLimit: byteLimit) ? .received : .deadlinePassed
            }
        }
    }

    /// Appends what is there; false when there is nothing.
    private func take(into batch: inout Batch, limit: Int, byteLimit: Int) throws(TransportError) -> Bool {
        var taken: [ReceivedMessage] = []
        let failure: TransportError? = desk.state.withLock { state in
            guard state.ready > 0 else { return state.failure }
            var bytes = 0
            let end = state.head + min(limit, state.ready)
            var index = state.head
            while index < end && (index == state.head || bytes < byteLimit) {
                bytes += state.arrivals[index].body.count
                index += 1
            }
            taken = Array(state.arrivals[state.head..<index])
            state.head = index
            if state.head == state.arrivals.count {
                state.arrivals.removeAll(keepingCapacity: true)
                state.head = 0
            }
            if state.allowance != .max { state.allowance -= taken.count }
            return nil
        }
        if let failure { throw failure }
        for message in taken {
            message.body.withUnsafeBytes { batch.append($0) }
            if batch.wantsProperties { batch.setProperties(message.properties) }
        }
        handedOver += taken.count
        return !taken.isEmpty
    }

    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
        if isPeeking || positions.isEmpty { return }
        var delay: Int?
        // SQS counts in seconds, up to twelve hours.
        if case .requeue(let after) = settlement { delay = Int(min((after.nanoseconds + 999_999_999) / 1_000_000_000, 43200)) }
        let (unknown, wakes) = desk.state.withLock { state in
            let wasIdle = state.deletions.isEmpty
            var unknown = 0
            for number in positions {
                if number >= handedOver || !state.held.leave(number) {
                    unknown += 1
                } else if let delay {
                    state.releases.append((number, delay))
                } else {
                    state.deletions.append(number)
                }
            }
            let isWorthIt = wasIdle || state.deletions.count >= SendRequest.maximumEntries
            return (unknown, delay != nil || (isWorthIt && !state.isAttentive))
        }
        if wakes { desk.wakeService() }
        guard unknown == 0 else {
            throw TransportError(.failure, "\(Quantity.count(unknown, "message")) settled already or not received here")
        }
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        guard !isClosed else { return }
        isClosed = true
        desk.state.withLock {
            $0.isClosing = true
            $0.isOwnerWaiting = true
        }
        desk.wakeService()
        var readiness = Readiness.ready
        while case .ready = readiness {
            if desk.state.withLock({ $0.isClosed }) { break }
            readiness = desk.wait(until: deadline, stop: stop)
        }
        let (isDone, undeleted, reason, pending) = desk.state.withLock {
            ($0.isClosed, $0.undeleted, $0.undeletedReason, $0.held.count)
        }
        if !isDone { desk.abandon.raise() }
        if let reason, undeleted > 0 {
            throw TransportError(
                reason.code, "\(Quantity.count(undeleted, "message")) could not be deleted and will come again: \(reason.message)",
                hint: reason.hint)
        }
        if !isDone && pending > 0 {
            throw TransportError(
                .tryAgain, "SQS did not answer in time: \(Quantity.count(pending, "message")) may come again",
                hint: "mq recv takes them after their visibility timeout")
        }
    }

    var closingRemarks: [String] {
        let slipped = desk.state.withLock { $0.slipped }
        return slipped == 0
            ? [] : ["\(Quantity.count(slipped, "message")) could not be kept from other receivers while they were held, and may come again"]
    }
}
