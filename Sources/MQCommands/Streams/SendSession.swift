import Glibc
import MQCore

/// One run of `mq send`: input to sender, with everything the contract promises when it breaks off.
final class SendSession {
    struct Plan {
        var framing: Framing
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
    /// Where a batch of repeated messages ends.
    private static let repeatedMessages = 256, repeatedBytes = 1 << 16

    let plan: Plan
    let address: ResolvedAddress
    let console: Console
    private let stop = StopFlag()
    private let monitor: ProcessMonitor.Configuration
    /// Whether signals are taken; before anything waits, they must be.
    private var isMonitored: Bool
    private let counters = Counters()
    let sender: any Sender
    var ledger = Ledger()
    private var pace: Pace?
    let hasWords: Bool
    private var dropped: DroppedProperties
    /// Records seen, sent or not.
    var recordsSeen = 0
    private var skipped = 0
    /// What the other side refused: the first, where that ends the run, and how many were skipped.
    var refused: (position: Int, entry: Ledger.Entry?)?
    var refusedCount = 0
    private let surroundings: Surroundings
    /// The record that comes next, for a transport that confirms at once.
    var nextRecord = Ledger.Entry(record: 1, offset: 0)
    private var firstOffset = 0

    init(
        plan: Plan, address: ResolvedAddress, console: Console, surroundings: Surroundings = Surroundings()
    ) throws(TransportError) {
        self.plan = plan
        self.surroundings = surroundings
        self.address = address
        self.console = console
        hasWords = !plan.messages.isEmpty
        dropped = DroppedProperties(for: address.descriptor)
        var opening = Opening(stop: stop)
        opening.notices = Endpoints.notices(console: console, ready: plan.ready)
        opening.defaults = plan.defaults
        opening.retry = plan.retry
        opening.deadline = .after(plan.timeout)
        let capabilities = address.descriptor.capabilities
        monitor = ProcessMonitor.Configuration(
            stop: stop, console: console, counters: counters, verb: "sent", showsConfirmed: capabilities.contains(.acknowledge),
            drawsProgress: !plan.messages.isEmpty || isatty(surroundings.input) == 0)
        // A few words into a kernel's queue that has room are gone before a thread that watches them would have started.
        // Files may be pipes, and keep us waiting.
        let isQuick = hasWords && plan.framing != .files && plan.repetition == .times(1) && plan.rate == nil && plan.retry == nil
        isMonitored = !(isQuick && capabilities.contains(.kernel))
        if isMonitored && surroundings.isWatched { ProcessMonitor.start(monitor) }
        let transport: any Transport
        if let given = surroundings.transport { transport = given } else { transport = try address.transport() }
        sender = try Endpoints.open(retry: plan.retry, opening: opening, console: console) { opening throws(TransportError) in
            try transport.openSender(opening)
        }
        plan.ready?.writeUnlessWritten(address.address.short)
        pace = plan.rate.map { Pace(perSecond: $0) }
    }

    func run() throws(TransportError) -> Ending {
        do throws(TransportError) {
            let isDone = hasWords ? try sendWords() : try sendInput()
            try finish(interrupted: !isDone)
        } catch {
            if error.code.isOfInput { try? sender.flush(until: .after(plan.timeout ?? Self.standardFlush), stop: stop) }
            throw withResumption(error)
        }
        console.endProgress()
        for remark in sender.closingRemarks { console.warn(remark) }
        if skipped > 0 { console.warn("\(Quantity.grouped(skipped)) of \(Quantity.count(recordsSeen, "message")) skipped") }
        guard let reason = stop.reason, let number = reason.signal else {
            console.detail("\(Quantity.count(ledger.accepted, "message")) sent to \(address.address.short)")
            return .success
        }
        for line in resumption(isInterrupted: true) { console.line("info", line) }
        return .signal(number)
    }

    // MARK: - Where the messages come from

    /// Standard input to its end. Returns false when stopped.
    private func sendInput() throws(TransportError) -> Bool {
        let reader = RecordReader(plan.framing, limit: sender.maximumMessageSize, descriptor: surroundings.input)
        firstOffset = max(0, Int(lseek(surroundings.input, 0, SEEK_CUR)))
        if isatty(surroundings.input) == 1 { console.note("reading messages from the terminal, one a line; Ctrl-D ends") }
        while true {
            let status: RecordReader.Status
            do throws(TransportError) {
                status = try reader.next(stop: stop)
            } catch {
                var error = error
                if error.code == .malformed { error.message = "record \(reader.recordsBefore + 1): \(error.message)" }
                throw error
            }
            switch status {
            case .ended: return true
            case .stopped: return false
            case .records: break
            }
            recordsSeen = reader.recordsBefore + reader.batch.count
            let place = { [firstOffset] (index: Int) in
                Ledger.Entry(record: reader.recordsBefore + index + 1, offset: firstOffset + reader.position(of: index))
            }
            guard try deliver(reader.batch, oversize: reader.oversize, place: place) else { return false }
            nextRecord = Ledger.Entry(record: recordsSeen + 1, offset: firstOffset + reader.endPosition)
        }
    }

    /// The messages of the command line, as often as asked for.
    private func sendWords() throws(TransportError) -> Bool {
        var batch = Batch(byteCapacity: 4096)
        var round = 0
        var rounds = 0
        while plan.repetition.goesOn(after: round) {
            if rounds == 0 || plan.framing == .files || !plan.repetition.goesOn(after: round + rounds - 1) {
                rounds = try load(&batch, after: round)
            }
            let before = round * plan.messages.count
            recordsSeen = before + batch.count
            guard try deliver(batch, oversize: nil, place: { Ledger.Entry(record: before + $0 + 1, offset: 0) }) else { return false }
            nextRecord = Ledger.Entry(record: recordsSeen + 1, offset: 0)
            round += rounds
        }
        return true
    }

    /// As many rounds as make a batch worth sending: over a network each call of the sender is a round trip. Of files, which
    /// may change in between, one.
    private func load(_ batch: inout Batch, after round: Int) throws(TransportError) -> Int {
        batch.removeAll()
        var rounds = 0
        repeat {
            try loadRound(&batch)
            rounds += 1
        } while plan.framing != .files && plan.repetition.goesOn(after: round + rounds) && batch.count < Self.repeatedMessages
            && batch.payloadBytes(0..<batch.count) < Self.repeatedBytes
        return rounds
    }

    private func loadRound(_ batch: inout Batch) throws(TransportError) {
        var body: [UInt8] = []
        for (index, word) in plan.messages.enumerated() {
            switch plan.framing {
            case .files: batch.append(try LocalFile.contents(of: word))
            case .jsonl:
                var failure: TransportError?
                var properties = MessageProperties()
                Array(word.utf8).withUnsafeBytes { bytes in
                    do throws(TransportError) { properties = try Envelope.decode(bytes, body: &body) } catch { failure = error }
                }
                if var failure {
                    failure.message = "message \(index + 1): \(failure.message)"
                    throw failure
                }
                batch.append(body)
                batch.setProperties(properties)
            default: batch.append(word.utf8)
            }
        }
    }

    // MARK: - Handing over

    /// Sends what can be sent of `batch`, in order. Returns false when stopped.
    private func deliver(
        _ batch: borrowing Batch, oversize: RecordParser.Oversize?, place: (Int) -> Ledger.Entry
    ) throws(TransportError) -> Bool {
        var next = 0
        for warning in dropped.warnings(for: batch, number: { place($0).record }) { console.warn(warning) }
        while next < batch.count {
            let refusal = obstacle(in: batch, next..<batch.count, oversize)
            let end = refusal?.index ?? batch.count
            while next < end {
                let count = try handOver(batch, next..<end, place)
                next += count
                if next < end && stop.isRaised {
                    nextRecord = place(next)
                    return false
                }
            }
            guard let refusal else { break }
            nextRecord = place(refusal.index)
            let isSkippedEmpty = plan.skipsEmpty && batch.size(of: refusal.index) == 0 && oversize?.index != refusal.index
            guard plan.skipsRefused || isSkippedEmpty else { throw named(refusal.error, place(refusal.index).record) }
            skipped += 1
            next = refusal.index + 1
        }
        return !stop.isRaised || next >= batch.count
    }

    private func named(_ error: TransportError, _ record: Int) -> TransportError {
        var error = error
        let word =
            plan.framing == .files ? plan.messages[(record - 1) % plan.messages.count] : "\(hasWords ? "message" : "record") \(record)"
        error.message = "\(word): \(error.message)"
        return error
    }

    /// The first message that is not to be sent.
    private func obstacle(in batch: borrowing Batch, _ range: Range<Int>, _ oversize: RecordParser.Oversize?) -> Refusal? {
        var end = range.upperBound
        var found: Refusal?
        if let oversize, range.contains(oversize.index) {
            end = oversize.index
            let limit = sender.maximumMessageSize ?? 0
            found = Refusal(
                index: end,
                error: .tooLarge(oversize.size, limit: limit))
        }
        if plan.skipsEmpty, let empty = (range.lowerBound..<end).first(where: { batch.size(of: $0) == 0 }) {
            end = empty
            found = Refusal(index: end, error: TransportError(.unsendable, "empty"))
        }
        return sender.refusal(in: batch, range.lowerBound..<end) ?? found
    }

    /// Sends; what does not go at once waits under the eyes of the monitor.
    private func send(_ batch: borrowing Batch, _ range: Range<Int>) throws(TransportError) -> Int {
        var start = range.lowerBound
        if !isMonitored {
            start += try sender.send(batch, range, until: .immediately, stop: stop)
            if start == range.upperBound { return range.count }
            isMonitored = true
            if surroundings.isWatched { ProcessMonitor.start(monitor) }
        }
        let rest = try sender.send(batch, start..<range.upperBound, until: .after(plan.timeout), stop: stop)
        return start - range.lowerBound + rest
    }

    /// One call of the sender, paced; returns how many messages it took, which is fewer only when stopped.
    private func handOver(_ batch: borrowing Batch, _ range: Range<Int>, _ place: (Int) -> Ledger.Entry) throws(TransportError) -> Int {
        var range = range
        if let pace {
            let due = pace.due()
            if due == 0 {
                _ = Readiness.sleep(until: pace.nextDue, stop: stop)
                return 0
            }
            range = range.lowerBound..<min(range.upperBound, range.lowerBound + due)
        }
        let count: Int
        do throws(TransportError) {
            count = try send(batch, range)
        } catch {
            // What the sender took of this call it counts as confirmed, or it is in doubt: either way the next record is the first not confirmed.
            let taken = min(range.count, max(0, sender.confirmed - ledger.accepted))
            account(batch, range.lowerBound..<(range.lowerBound + taken), place, isPlain: false)
            nextRecord = place(min(range.lowerBound + taken, range.upperBound - 1))
            throw error
        }
        let rejections = sender.takeRejections()
        account(batch, range.lowerBound..<(range.lowerBound + count), place, isPlain: rejections.isEmpty)
        try handle(rejections)
        if count < range.count && !stop.isRaised {
            nextRecord = place(range.lowerBound + count)
            var error = sender.obstacle
            error.message += "; waited \(Quantity.words(plan.timeout ?? .zero))"
            if error.hint == nil && error.remedy == nil { error.remedy = .wait }
            throw error
        }
        return count
    }

    /// - Parameter isPlain: nobody will ask which record a message was that is confirmed.
    private func account(_ batch: borrowing Batch, _ range: Range<Int>, _ place: (Int) -> Ledger.Entry, isPlain: Bool) {
        pace?.count(range.count)
        let confirmed = sender.confirmed
        if isPlain && !ledger.hasOutstanding && confirmed >= ledger.accepted + range.count {
            ledger.passed(range.count)
        } else {
            ledger.append(range.count) { place(range.lowerBound + $0) }
        }
        counters.add(messages: range.count, bytes: batch.payloadBytes(range))
        counters.confirmed.store(confirmed, ordering: .relaxed)
    }

    func handle(_ rejections: [Rejection]) throws(TransportError) {
        for rejection in rejections {
            let entry = ledger[rejection.position]
            guard plan.skipsRefused else {
                if refused == nil { refused = (rejection.position, entry ?? ledger.first) }
                throw named(rejection.error, entry?.record ?? rejection.position + 1)
            }
            skipped += 1
            refusedCount += 1
        }
        ledger.confirm(upTo: sender.confirmed)
    }

    /// Waits until everything has gone. After a signal, briefly: the person wants to leave.
    private func finish(interrupted: Bool) throws(TransportError) {
        if interrupted || stop.isRaised {
            do throws(TransportError) {
                try sender.flush(until: .after(.milliseconds(500)), stop: StopFlag())
            } catch {
                console.warn(console.remedies.worded(error, at: address.address.short).sentence)
            }
        } else {
            do throws(TransportError) {
                try sender.flush(until: .after(plan.timeout ?? Self.standardFlush), stop: stop)
            } catch {
                // What was refused is the reason, where both came.
                try handle(sender.takeRejections())
                throw error
            }
        }
        try handle(sender.takeRejections())
    }
}

extension TransportError.Code {
    /// Whether a record is to blame, and not the sender: what was sent before it will still be confirmed.
    fileprivate var isOfInput: Bool { [.unsendable, .malformed, .inputOutput].contains(self) }
}
