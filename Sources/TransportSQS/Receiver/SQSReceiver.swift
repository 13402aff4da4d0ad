internal import MQCore
internal import MQNet
internal import Synchronization

/// Takes messages that a thread of its own polls for, keeps and deletes: the owner may be blocked on its output for as long as
/// it likes, and nothing that is held becomes another receiver's.
final class SQSReceiver: Receiver {
    private let desk: ReceiveDesk
    /// Lives as long as its receiver.
    private let temporary: TemporaryQueue?
    private let isPeeking: Bool
    private let clocks: Clocks
    let ordersGroups: Bool
    private(set) var handedOver = 0
    private var isClosed = false

    /// How long an empty queue is waited for when it is only looked at.
    private static let peekTime = Duration.seconds(10)

    /// - Throws: `usage`, `noSuchQueue`, `permission`, `unreachable`.
    init(_ settings: Settings, _ opening: Opening, _ temporary: TemporaryQueue? = nil) throws(TransportError) {
        self.temporary = temporary
        let connection = try Connection(settings, opening)
        let url = try connection.queueURL(until: opening.deadline)
        let plan = Self.plan(settings, opening)
        desk = try ReceiveDesk(connection.http.waker, plan)
        isPeeking = plan.isPeeking
        clocks = opening.clocks
        ordersGroups = plan.isFIFO
        let service = ReceiveService(connection, url: url, desk: desk, visibility: plan.visibility, opening.notices)
        let handover = Handover(service: service)
        try BackgroundThread.start("mq-sqs-receive") { handover.service.run() }
    }

    private static func plan(_ settings: Settings, _ opening: Opening) -> Reception.Plan {
        let options = settings.options
        var plan = Reception.Plan()
        plan.receivers = options.integer("receivers") ?? plan.receivers
        plan.window = max(1, opening.prefetch ?? plan.receivers * SendRequest.maximumEntries)
        plan.total = opening.total
        plan.wait = options.duration("wait").map { Int($0.nanoseconds / 1_000_000_000) } ?? plan.wait
        plan.visibility = options.duration("visibility").map { Int($0.nanoseconds / 1_000_000_000) } ?? plan.visibility
        plan.isFIFO = settings.target.isFIFO
        plan.isPeeking = opening.mode == .peek
        plan.endsWhenEmpty = plan.isPeeking || opening.endsWhenEmpty
        return plan
    }

    private struct Handover: @unchecked Sendable {
        // Unchecked: only the new thread uses the service; the thread that made it keeps nothing of it.
        let service: ReceiveService
    }

    deinit {
        // What is left goes back on the thread that is still there, as far as the process lives.
        desk.reception.withLock { $0.isClosing = true }
        desk.wakeService()
    }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        if stop.isRaised { return .stopped }
        // Whether anything is there is known only when the queue was asked: who looks waits for that.
        let deadline = isPeeking && deadline == .immediately ? .after(Self.peekTime) : deadline
        let start = clocks.monotonic()
        let wantsProperties = batch.wantsProperties
        if desk.reception.withLock({ $0.lookAgain() }) { desk.wakeService() }
        if desk.reception.withLock({ $0.ask(limit, wantsProperties: wantsProperties, until: deadline) }) { desk.wakeService() }
        defer { desk.reception.withLock { $0.isOwnerWaiting = false } }
        while true {
            if try take(into: &batch, limit: limit, byteLimit: byteLimit) { return .received }
            if desk.reception.withLock({ $0.tellsEnd || ($0.isClosed && isPeeking) }) { return .ended }
            switch desk.wait(until: deadline, stop: stop) {
            case .ready: continue
            case .stopped: return .stopped
            case .deadlinePassed:
                if try take(into: &batch, limit: limit, byteLimit: byteLimit) { return .received }
                if let error = desk.reception.withLock({ $0.silence(since: start, at: clocks.monotonic()) }) { throw error }
                return .deadlinePassed
            }
        }
    }

    /// Appends what is there; false when there is nothing.
    private func take(into batch: inout Batch, limit: Int, byteLimit: Int) throws(TransportError) -> Bool {
        let (taken, failure) = desk.reception.withLock { reception -> (ArraySlice<ReceivedMessage>, TransportError?) in
            guard reception.ready > 0 else { return ([], reception.failure) }
            return (reception.take(limit, byteLimit: byteLimit), nil)
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
        let (unknown, wakes) = desk.reception.withLock { $0.settle(positions, delay: delay) }
        if wakes { desk.wakeService() }
        guard unknown == 0 else {
            throw TransportError(.failure, "\(Quantity.count(unknown, "message")) settled already or not received here")
        }
    }

    /// How long the requests under way may still take once the person wants to leave.
    private static let hurry = Duration.seconds(1)

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        guard !isClosed else { return }
        isClosed = true
        desk.reception.withLock { $0.close() }
        desk.wakeService()
        var (deadline, stop) = (deadline, stop)
        while !desk.reception.withLock({ $0.isClosed }) {
            let readiness = desk.wait(until: deadline, stop: stop)
            if case .deadlinePassed = readiness { break }
            if case .stopped = readiness { (deadline, stop) = (deadline.earlier(.after(Self.hurry)), StopFlag()) }
        }
        let (isDone, undeleted, reason, pending) = desk.reception.withLock {
            ($0.isClosed, $0.undeleted, $0.undeletedReason, $0.held.count)
        }
        if !isDone { desk.abandon.raise() }
        if let reason, undeleted > 0 {
            throw TransportError(
                reason.code == .unsendable ? .failure : reason.code,
                "\(Quantity.count(undeleted, "message")) could not be deleted and will come again: \(reason.message)", hint: reason.hint)
        }
        if !isDone && pending > 0 {
            throw TransportError(
                .tryAgain, "SQS did not answer in time: \(Quantity.count(pending, "message")) may come again",
                hint: "mq recv takes them after their visibility timeout")
        }
    }

    var lostLeases: Int { desk.reception.withLock { $0.slipped + $0.staleReceipts } }

    var closingRemarks: [String] {
        let (slipped, stale) = desk.reception.withLock { ($0.slipped, $0.staleReceipts) }
        var remarks: [String] = []
        if slipped > 0 {
            let count = Quantity.count(slipped, "message")
            remarks.append("\(count) could not be kept from other receivers while they were held, and may come again")
        }
        if stale > 0 {
            let count = Quantity.count(stale, "message")
            remarks.append("SQS no longer knows the receipts of \(count): they were deleted already, or may come again")
        }
        return remarks
    }
}
