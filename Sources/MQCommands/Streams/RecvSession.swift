import Glibc
import MQCore

/// What a session reaches besides its address; a test gives it its own.
struct Surroundings {
    /// Instead of what the address leads to.
    var transport: (any Transport)?
    var deadLetters: (any Transport)?
    var input = STDIN_FILENO
    var output = STDOUT_FILENO
    /// Signals are taken, and progress is drawn.
    var isWatched = true
}

/// One run of `mq recv`: receiver to output, settling after the write.
final class RecvSession {
    struct Plan {
        var presentation: Presentation
        var count: Int?
        var drains: Bool
        var peeks: Bool
        var untilClosed: Bool
        var timeout: Duration?
        var ack: AckTime
        var prefetch: Int?
        var retry: Duration?
        var isStrict: Bool
        var isRaw: Bool
        var folder: String?
        var files: FileSink.Plan?
        var deadLetters: DeadLetters.Plan?
        var ready: ReadyLine?
    }

    /// Output is written when so much has been received at once.
    private static let byteLimit = 1 << 17

    private let plan: Plan
    private let address: ResolvedAddress
    let console: Console
    private let stop = StopFlag()
    let hangups: Hangups?
    private let counters = Counters()
    let receiver: any Receiver
    private let output: OutputStream
    private let sink: any MessageSink
    /// The sink, where it is one that makes messages safe some time after they were written.
    let files: FileSink?
    /// Written to a file and not settled yet.
    var pending: [Range<Int>] = []
    private let deadLetters: DeadLetters?
    private var start: SlowStart
    var batch: Batch
    var received = 0

    init(
        plan: Plan, address: ResolvedAddress, console: Console, surroundings: Surroundings = Surroundings()
    ) throws(TransportError) {
        self.plan = plan
        self.address = address
        self.console = console
        output = OutputStream(surroundings.output)
        files = try plan.files.map { files throws(TransportError) in
            try FileSink(files, plan.presentation, queue: address.address.short, isStrict: plan.isStrict, console: console)
        }
        hangups = files.map { _ in Hangups() }
        if let files {
            sink = files
        } else if let folder = plan.folder {
            sink = try FolderWriter(folder)
        } else {
            sink = RecordWriter(
                plan.presentation, to: output, queue: address.address.short, raw: plan.isRaw, isStrict: plan.isStrict,
                warn: { console.warn($0) })
        }
        start = SlowStart(isNeeded: sink.hasReader && output.isPipe && !plan.peeks)
        batch = Batch(gap: sink.gap)
        batch.wantsProperties = sink.needsProperties || plan.deadLetters != nil
        if surroundings.isWatched {
            ProcessMonitor.start(
                ProcessMonitor.Configuration(
                    stop: stop, console: console, watchesOutput: sink.hasReader, counters: counters, verb: "received",
                    drawsProgress: !sink.hasReader || !(output.isTerminal || output.isPipe), hangups: hangups))
        }
        var elsewhere = surroundings.deadLetters
        if elsewhere == nil { elsewhere = try plan.deadLetters?.address?.transport() }
        deadLetters = plan.deadLetters.map { [stop] in DeadLetters($0, transport: elsewhere, console: console, stop: stop) }
        var opening = Opening(stop: stop)
        opening.notices = Endpoints.notices(console: console, ready: plan.ready)
        opening.mode = plan.peeks ? .peek : .consume
        // What a transport takes ahead of a counted run may be lost with it.
        opening.prefetch = plan.prefetch ?? plan.count
        opening.retry = plan.retry
        opening.endsWithLastSender = plan.untilClosed
        opening.endsWhenEmpty = plan.drains || plan.timeout == .zero
        opening.deadline = .after(Self.patience(plan.timeout, address))
        let transport: any Transport
        if let given = surroundings.transport { transport = given } else { transport = try address.transport() }
        receiver = try Endpoints.open(retry: plan.retry, opening: opening, console: console) { opening throws(TransportError) in
            try transport.openReceiver(opening)
        }
        plan.ready?.writeUnlessWritten(address.address.short)
    }

    func run() throws(TransportError) -> Ending {
        let ending: Ending
        do throws(TransportError) {
            ending = try pump()
        } catch {
            try? finishFiles()
            try? receiver.close(until: .after(.seconds(1)), stop: StopFlag())
            conclude()
            throw error
        }
        var failure: TransportError?
        do throws(TransportError) { try finishFiles() } catch { failure = error }
        try receiver.close(until: .after(.seconds(1)), stop: StopFlag())
        conclude()
        if let failure { throw failure }
        console.detail("\(Quantity.count(received, "message")) received from \(address.address.short)")
        return ending
    }

    private func conclude() {
        for remark in receiver.closingRemarks { console.warn(remark) }
        for remark in deadLetters?.closingRemarks ?? [] { console.warn(remark) }
    }

    private func pump() throws(TransportError) -> Ending {
        var patience = deadline
        while true {
            if let count = plan.count, received == count { return .success }
            if sink.hasReader && !output.checkReader() { stop.raise(.readerGone) }
            if let reason = stop.reason { return try stopped(reason) }
            if pending.isEmpty { batch.removeAll() }
            let first = batch.count
            let wanted = min(plan.count.map { $0 - received } ?? .max, start.allowance)
            var outcome = Outcome.received
            var failure: TransportError?
            do throws(TransportError) {
                outcome = try receiver.receive(
                    into: &batch, limit: wanted, byteLimit: Self.byteLimit, until: patience.earlier(files?.due ?? .never),
                    stop: hangups?.turn ?? stop)
            } catch {
                failure = error
            }
            if batch.count > first {
                try deliver(first..<batch.count)
                patience = deadline
            }
            if let failure { throw failure }
            if let files { try attend(files, isIdle: outcome != .received) }
            switch outcome {
            case .received: continue
            case .stopped: if let reason = stop.reason { return try stopped(reason) }
            case .ended: return plan.timeout == .zero && !plan.drains ? timedOut() : ended()
            case .deadlinePassed: if patience.hasPassed { return timedOut() }
            }
        }
    }

    private var deadline: Deadline {
        .after(Self.patience(plan.timeout, address) ?? (plan.drains ? address.descriptor.emptyWait : nil))
    }

    /// `--drain` believes an empty queue after the time that the transport needs to show what it has. So does `--timeout 0`,
    /// which takes what is there: a broker does not say in no time what it has.
    private static func patience(_ timeout: Duration?, _ address: ResolvedAddress) -> Duration? {
        timeout == .zero ? address.descriptor.emptyWait : timeout
    }

    private func ended() -> Ending {
        if let count = plan.count, received < count {
            return .negative("\(Quantity.grouped(received)) of \(Quantity.count(count, "message")) received")
        }
        return received > 0 || !plan.drains ? .success : .negative("no message")
    }

    private func timedOut() -> Ending {
        if let count = plan.count {
            return .negative(
                "\(Quantity.grouped(received)) of \(Quantity.count(count, "message")) received"
                    + (plan.drains ? "" : "; waited \(Quantity.words(plan.timeout!))"))
        }
        if plan.drains { return received > 0 ? .success : .negative("no message") }
        return .negative("no \(received == 0 ? "" : "further ")message within \(Quantity.words(plan.timeout!))")
    }

    private func stopped(_ reason: StopReason) throws(TransportError) -> Ending {
        if reason == .readerGone {
            // The monitor may have seen it first, while this thread waited for a message.
            _ = output.checkReader()
            rescueUnread()
        }
        guard let number = reason.signal else { return .success }
        if reason != .readerGone { console.detail("\(Quantity.count(received, "message")) received") }
        return .signal(number)
    }

    // MARK: - Delivering

    /// Writes the messages and settles what was written; gives back or rescues the rest of the batch.
    private func deliver(_ range: Range<Int>) throws(TransportError) {
        guard let deadLetters else {
            _ = try write(range)
            return
        }
        var next = range.lowerBound
        while next < range.upperBound {
            let isDead = deadLetters.isDue(batch, next)
            var end = next + 1
            while end < range.upperBound && deadLetters.isDue(batch, end) == isDead { end += 1 }
            if isDead { try bury(next..<end) } else if !(try write(next..<end)) { return }
            next = end
        }
    }

    /// Moves or drops what was delivered too often, and settles what is safe.
    private func bury(_ range: Range<Int>) throws(TransportError) {
        guard let verdict = deadLetters?.take(range, of: batch) else { return }
        for done in verdict.done { try settle(done, as: .acknowledge) }
        for rest in verdict.rest { try giveBack(rest, isSettled: false) }
        guard let error = verdict.error else { return }
        try giveBack(range.upperBound..<batch.count, isSettled: false)
        throw error
    }

    /// Returns whether to go on; if not, nothing of the batch is left to deliver.
    private func write(_ range: Range<Int>) throws(TransportError) -> Bool {
        let settles = !plan.peeks && plan.ack != .never
        if settles && plan.ack == .before { try settle(range, as: .acknowledge) }
        let result = sink.write(&batch, range, stop: stop)
        let end = range.lowerBound + result.messages
        received += result.messages
        counters.add(messages: result.messages, bytes: batch.payloadBytes(range.lowerBound..<end))
        if settles && plan.ack == .after && result.messages > 0 {
            if let files {
                pending.append(range.lowerBound..<end)
                try settleSafe(files)
            } else {
                try settle(range.lowerBound..<end, as: .acknowledge)
            }
        }
        if let error = result.error { return try stopDelivering(error, range, end) }
        if start.isLockstep { output.awaitReader(grace: start.grace, stop: stop) }
        start.advance(by: range.count)
        return true
    }

    private func stopDelivering(_ error: TransportError, _ range: Range<Int>, _ end: Int) throws(TransportError) -> Bool {
        if let files {
            try? files.sync()
            try settleSafe(files)
            try givePendingBack()
        }
        if !plan.peeks {
            try giveBack(end..<range.upperBound, isSettled: plan.ack == .before)
            try giveBack(range.upperBound..<batch.count, isSettled: false)
        }
        // The reader's going is no failure of ours: the process ends by SIGPIPE, as every filter does.
        guard output.readerIsGone else { throw error }
        stop.raise(.readerGone)
        return false
    }

    /// Settles messages of the batch, which holds nothing but those that came last.
    func settle(_ range: Range<Int>, as settlement: Settlement) throws(TransportError) {
        let first = receiver.handedOver - batch.count
        try receiver.settle(first + range.lowerBound..<first + range.upperBound, as: settlement)
    }

    /// What was taken from the queue and not written: back to it where the transport can, else to standard error.
    func giveBack(_ range: Range<Int>, isSettled: Bool) throws(TransportError) {
        if range.isEmpty { return }
        if !isSettled && address.descriptor.capabilities.contains(.requeue) {
            return try settle(range, as: .requeue(after: .zero))
        }
        console.endProgress()
        console.rescue(batch, range, "\(range.count) received but not written, here as JSON:")
    }

    /// What the reader left in the pipe when it went: written, but seen by nobody.
    private func rescueUnread() {
        guard !plan.peeks, case .framed(let framing) = plan.presentation, framing.gap != nil else { return }
        let bytes = output.takeUnread()
        guard !bytes.isEmpty else { return }
        var unread = Batch()
        let room = unread.prepareRefill(minimum: bytes.count)
        room.copyBytes(from: bytes)
        unread.refilled(bytes.count)
        var parser = RecordParser(framing)
        try? parser.frame(&unread, atEnd: true)
        guard !unread.isEmpty else { return }
        console.rescue(unread, 0..<unread.count, "\(unread.count) written but not read by the reader that has gone, here as JSON:")
    }
}

extension Console {
    /// Messages that would be lost otherwise, a line of JSON each, under a heading.
    fileprivate func rescue(_ batch: borrowing Batch, _ range: Range<Int>, _ heading: String) {
        warn(heading)
        var json = JSONText()
        for index in range {
            json.removeAll()
            Envelope.encode(batch.bytes(of: index), batch.properties(of: index), into: &json)
            rescue(json.bytes)
        }
    }
}
