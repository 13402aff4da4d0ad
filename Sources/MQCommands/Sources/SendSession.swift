import Glibc
import MQCore

/// One run of `mq send`: input to a delivery, with everything the contract promises when it breaks off.
final class SendSession {
    struct Plan {
        var framing: Framing
        var frames: FrameAssembly?
        /// From the command line; standard input is read when there are none.
        var messages: [String]
        var repetition: Repetition
        var rate: Double?
        var skipsEmpty: Bool
        var skipsRefused: Bool
        var timeout: Duration?
        var retry: Duration?
        var ready: ReadyLine?
        var defaults: MessageProperties
    }

    /// How long the end waits for the peer when nothing else is said: long enough for a slow one, and not for ever.
    private static let standardFlush = Duration.seconds(30)
    /// How often the progress of a sender that waits is counted.
    private static let slice = Duration.milliseconds(100)

    let plan: Plan
    let address: ResolvedAddress
    let console: Console
    private let stop = StopFlag()
    private let surroundings: Surroundings
    private let maximumMessageSize: () -> Int?
    let delivery: Delivery
    let hasWords: Bool
    /// Where in standard input the messages begin that are not confirmed.
    var ledger = Ledger()
    /// Where in standard input reading began.
    private var start = 0
    /// Where in standard input the next record begins.
    var nextOffset = 0
    /// Whether that is one that cannot be read, and where it ends, if that can be told.
    var malformed: (isNext: Bool, end: Int?) = (false, nil)
    /// Messages read, sent or not.
    var messagesRead = 0
    var refusals: RefusalNames

    init(
        plan: Plan, address: ResolvedAddress, console: Console, surroundings: Surroundings = Surroundings()
    ) throws(TransportError) {
        (self.plan, self.surroundings, self.address, self.console) = (plan, surroundings, address, console)
        hasWords = !plan.messages.isEmpty
        refusals = RefusalNames(namesAll: console.settings.logsAreJSON)
        var opening = Opening(stop: stop)
        opening.notices = Endpoints.notices(console: console, ready: plan.ready)
        opening.defaults = plan.defaults
        opening.retry = plan.retry
        opening.deadline = .after(plan.timeout)
        let capabilities = address.descriptor.capabilities
        let counters = Counters()
        let monitor = ProcessMonitor.Configuration(
            stop: stop, console: console, counters: counters, verb: "sent", showsConfirmed: capabilities.contains(.acknowledge),
            drawsProgress: !plan.messages.isEmpty || isatty(surroundings.input) == 0)
        let watch = { if surroundings.isWatched { ProcessMonitor.start(monitor) } }
        // A few words into a kernel's queue that has room are gone before a thread that watches them would have started.
        // Files may be pipes, and keep us waiting. Before anything waits, signals must be taken.
        let isQuick =
            hasWords && plan.framing != .files && plan.repetition == .times(1) && plan.rate == nil && plan.retry == nil
            && capabilities.contains(.kernel)
        if !isQuick { watch() }
        let transport: any Transport
        if let given = surroundings.transport { transport = given } else { transport = try address.transport() }
        let sender = try Endpoints.open(retry: plan.retry, opening: opening, console: console) { opening throws(TransportError) in
            try transport.openSender(opening)
        }
        plan.ready?.writeUnlessWritten(address.address.short)
        maximumMessageSize = { sender.maximumMessageSize }
        delivery = Delivery(
            sender, of: address.descriptor, Self.limits(plan, isBroker: capabilities.contains(.acknowledge)), counters: counters,
            notices: opening.notices)
        if isQuick { delivery.beforeWaiting = watch }
    }

    private static func limits(_ plan: Plan, isBroker: Bool) -> Delivery.Limits {
        var limits = Delivery.Limits()
        limits.timeout = plan.timeout
        (limits.skipsEmpty, limits.skipsRefused) = (plan.skipsEmpty, plan.skipsRefused)
        limits.pace = plan.rate.map { Pace(perSecond: $0) }
        limits.slice = isBroker ? nil : slice
        // What consists of several words or records has the name of none of them.
        let (words, isOne) = (plan.messages, plan.frames?.count ?? 1 == 1)
        let isFiles = plan.framing == .files && isOne
        limits.name = { position in
            isFiles ? words[position % words.count] : "\(words.isEmpty && isOne ? "record" : "message") \(position + 1)"
        }
        return limits
    }

    func run() throws(TransportError) -> Ending {
        do throws(TransportError) {
            let isDone = hasWords ? try sendWords() : try sendInput()
            try finish(interrupted: !isDone)
        } catch {
            throw explained(error)
        }
        console.endProgress()
        nameRefused()
        for remark in delivery.closingRemarks { console.warn(remark) }
        if delivery.skipped > 0 {
            console.warn("\(Quantity.grouped(delivery.skipped)) of \(Quantity.count(messagesRead, "message")) skipped")
        }
        guard let reason = stop.reason, let number = reason.signal else {
            console.detail("\(Quantity.count(delivery.acknowledged, "message")) sent to \(address.address.short)")
            return .success
        }
        for line in resumption(isInterrupted: true) { console.line("info", line) }
        return .signal(number)
    }

    // MARK: - Where the messages come from

    /// Standard input to its end. Returns false when stopped.
    private func sendInput() throws(TransportError) -> Bool {
        let reader = RecordReader(plan.framing, assembly: plan.frames, limit: maximumMessageSize(), descriptor: surroundings.input)
        start = max(0, Int(lseek(surroundings.input, 0, SEEK_CUR)))
        nextOffset = start
        if isatty(surroundings.input) == 1 { console.note("reading messages from the terminal, one per line; Ctrl-D ends") }
        while true {
            let status: RecordReader.Status
            do throws(TransportError) {
                status = try reader.next(stop: stop)
            } catch {
                nextOffset = start + reader.endPosition
                guard error.code == .malformed else { throw error }
                malformed = (true, reader.positionBehindMalformed.map { start + $0 })
                throw delivery.named(error, reader.recordsBefore)
            }
            switch status {
            case .ended: return true
            case .stopped: return false
            case .records: break
            }
            for sentence in reader.unknownKeys.take() { console.warn(sentence) }
            messagesRead = reader.recordsBefore + reader.batch.count
            nextOffset = start + reader.endPosition
            defer { note(reader) }
            guard try hand(reader.batch, oversize: reader.oversize) else { return false }
        }
    }

    /// Remembers where the records begin that are not confirmed.
    private func note(_ reader: RecordReader) {
        let positions = reader.recordsBefore..<messagesRead
        let firstOpen = delivery.firstOpen
        guard firstOpen < positions.upperBound else { return ledger.removeAll() }
        ledger.forget(before: firstOpen)
        reader.note(max(firstOpen, positions.lowerBound)..<positions.upperBound, first: positions.lowerBound, start: start, in: &ledger)
    }

    /// The messages of the command line. Returns false when stopped.
    private func sendWords() throws(TransportError) -> Bool {
        var reader = WordReader(plan.messages, plan.framing, plan.repetition, assembly: plan.frames)
        while try reader.next(stop: stop) {
            for sentence in reader.unknownKeys.take() { console.warn(sentence) }
            messagesRead = delivery.handed + reader.batch.count
            guard try hand(reader.batch) else { return false }
        }
        return !stop.isRaised
    }

    /// Returns false when stopped before the end of the batch.
    private func hand(_ batch: borrowing Batch, oversize: RecordParser.Oversize? = nil) throws(TransportError) -> Bool {
        let count = try delivery.hand(batch, 0..<batch.count, oversize: oversize, stop: stop)
        nameRefused()
        return count == batch.count
    }

    // MARK: - The end

    /// Waits until everything has gone. After a signal, briefly: the person wants to leave.
    private func finish(interrupted: Bool) throws(TransportError) {
        guard interrupted || stop.isRaised else { return try delivery.finish(until: flushDeadline, stop: stop) }
        let before = delivery.firstRefused?.position
        do throws(TransportError) {
            try delivery.finish(until: .after(.milliseconds(500)), stop: StopFlag())
        } catch {
            if delivery.firstRefused?.position != before { throw error }
            console.warn(sentence(error))
        }
    }

    /// Somebody who has patience with a broken connection has it with the last acknowledgement, too.
    private var flushDeadline: Deadline { .after(plan.timeout ?? max(Self.standardFlush, plan.retry ?? .zero)) }

    /// The error with everything that is known of the others, and with how to go on.
    private func explained(_ error: TransportError) -> TransportError {
        var error = error
        let isRefusal = delivery.firstRefused.map { delivery.named($0.error, $0.position).message == error.message } ?? false
        // What was sent before it will still be confirmed, unless the sender is to blame.
        if !delivery.isBroken && (isRefusal || error.code.isOfInput) { try? delivery.finish(until: flushDeadline, stop: stop) }
        if plan.skipsRefused {
            nameRefused()
        } else {
            for verdict in delivery.verdicts() { refusals.keep(verdict) }
            // What failed first in time may stand behind what failed first in the input.
            if isRefusal, let first = refusals.takeFirst() { error = delivery.named(first.error, first.position) }
            error.details += refusals.sentences { sentence(delivery.named($1, $0)) }
        }
        error.details += resumption(isInterrupted: false)
        return error
    }

    private func sentence(_ error: TransportError) -> String { console.remedies.worded(error, at: address.address.short).sentence }

    /// Names what was left out.
    private func nameRefused() {
        for verdict in delivery.verdicts() {
            guard plan.skipsRefused else {
                refusals.keep(verdict)
                continue
            }
            guard case .refused(let error) = verdict.fate, refusals.isNext() else { continue }
            console.warn("\(delivery.named(error, verdict.positions.lowerBound).message): skipped")
        }
    }
}

extension TransportError.Code {
    /// Whether a record is to blame, and not the sender.
    fileprivate var isOfInput: Bool { [.unsendable, .malformed, .inputOutput].contains(self) }
}
