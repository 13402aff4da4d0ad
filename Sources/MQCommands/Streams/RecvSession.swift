import Glibc
import MQCore

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
        var ready: ReadyLine?
    }

    /// Output is written when so much has been received at once.
    private static let byteLimit = 1 << 17

    private let plan: Plan
    private let address: ResolvedAddress
    private let console: Console
    private let stop = StopFlag()
    private let counters = Counters()
    private let receiver: any Receiver
    private let output = OutputStream()
    private let sink: any MessageSink
    private var start: SlowStart
    private var batch: Batch
    private var received = 0

    init(plan: Plan, address: ResolvedAddress, console: Console) throws(TransportError) {
        self.plan = plan
        self.address = address
        self.console = console
        if let folder = plan.folder {
            sink = try FolderWriter(folder)
        } else {
            sink = RecordWriter(
                plan.presentation, to: output, queue: address.address.short, raw: plan.isRaw, isStrict: plan.isStrict,
                warn: { console.warn($0) })
        }
        start = SlowStart(isNeeded: sink.hasReader && output.isPipe && !plan.peeks)
        batch = Batch(gap: sink.gap)
        batch.wantsProperties = sink.needsProperties
        ProcessMonitor.start(
            ProcessMonitor.Configuration(
                stop: stop, console: console, watchesOutput: sink.hasReader, counters: counters, verb: "received",
                drawsProgress: !sink.hasReader || !(output.isTerminal || output.isPipe)))
        var opening = Opening(stop: stop)
        opening.notices = Endpoints.notices(console: console, ready: plan.ready)
        opening.mode = plan.peeks ? .peek : .consume
        // What a transport takes ahead of a counted run may be lost with it.
        opening.prefetch = plan.prefetch ?? plan.count
        opening.retry = plan.retry
        opening.endsWithLastSender = plan.untilClosed
        opening.endsWhenEmpty = plan.drains
        opening.deadline = .after(plan.timeout)
        let transport = try address.transport()
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
            try? receiver.close(until: .after(.seconds(1)), stop: StopFlag())
            throw error
        }
        try receiver.close(until: .after(.seconds(1)), stop: StopFlag())
        for remark in receiver.closingRemarks { console.warn(remark) }
        console.detail("\(Quantity.grouped(received)) messages received from \(address.address.short)")
        return ending
    }

    private func pump() throws(TransportError) -> Ending {
        while true {
            if let count = plan.count, received == count { return .success }
            if sink.hasReader && !output.checkReader() { stop.raise(.readerGone) }
            if let reason = stop.reason { return try stopped(reason) }
            batch.removeAll()
            let wanted = min(plan.count.map { $0 - received } ?? .max, start.allowance)
            var outcome = Outcome.received
            var failure: TransportError?
            do throws(TransportError) {
                outcome = try receiver.receive(into: &batch, limit: wanted, byteLimit: Self.byteLimit, until: deadline, stop: stop)
            } catch {
                failure = error
            }
            if !batch.isEmpty { try deliver() }
            if let failure { throw failure }
            switch outcome {
            case .received: continue
            case .stopped: if let reason = stop.reason { return try stopped(reason) }
            case .ended: return ended()
            case .deadlinePassed: return timedOut()
            }
        }
    }

    /// `--drain` believes an empty queue after the time that the transport needs to show what it has.
    private var deadline: Deadline {
        .after(plan.timeout ?? (plan.drains ? address.descriptor.emptyWait : nil))
    }

    private func ended() -> Ending {
        if let count = plan.count, received < count { return .negative("\(received) of \(count) messages received") }
        return received > 0 || !plan.drains ? .success : .negative("no message")
    }

    private func timedOut() -> Ending {
        if let count = plan.count {
            return .negative("\(received) of \(count) messages received" + (plan.drains ? "" : "; waited \(Quantity.words(plan.timeout!))"))
        }
        if plan.drains { return received > 0 ? .success : .negative("no message") }
        return .negative("no \(received == 0 ? "" : "further ")message within \(Quantity.words(plan.timeout!))")
    }

    private func stopped(_ reason: StopReason) throws(TransportError) -> Ending {
        if reason == .readerGone { rescueUnread() }
        guard let number = reason.signal else { return .success }
        if reason != .readerGone { console.detail("\(Quantity.grouped(received)) messages received") }
        return .signal(number)
    }

    // MARK: - Delivering

    /// Writes the batch and settles what was written; gives back or rescues the rest.
    private func deliver() throws(TransportError) {
        let all = 0..<batch.count
        let settles = !plan.peeks && plan.ack != .never
        if settles && plan.ack == .before { try receiver.settle(all, of: batch, as: .acknowledge) }
        let result = sink.write(&batch, stop: stop)
        received += result.messages
        counters.add(messages: result.messages, bytes: batch.payloadBytes(0..<result.messages))
        if settles && plan.ack == .after && result.messages > 0 {
            try receiver.settle(0..<result.messages, of: batch, as: .acknowledge)
        }
        if result.messages < batch.count && !plan.peeks {
            try giveBack(result.messages..<batch.count, isSettled: plan.ack == .before)
        }
        if let error = result.error {
            // The reader's going is no failure of ours: the process ends by SIGPIPE, as every filter does.
            guard output.readerIsGone else { throw error }
            stop.raise(.readerGone)
        } else if start.isLockstep {
            output.awaitReader(grace: start.grace, stop: stop)
            start.advance(by: batch.count)
        } else {
            start.advance(by: batch.count)
        }
    }

    /// What was taken from the queue and not written: back to it where the transport can, else to standard error.
    private func giveBack(_ range: Range<Int>, isSettled: Bool) throws(TransportError) {
        if !isSettled && address.descriptor.capabilities.contains(.requeue) {
            return try receiver.settle(range, of: batch, as: .requeue(after: .zero))
        }
        console.endProgress()
        console.warn("\(range.count) received but not written, here as JSON:")
        var json = JSONText()
        for index in range {
            json.removeAll()
            Envelope.encode(batch.bytes(of: index), batch.properties(of: index), into: &json)
            console.rescue(json.bytes)
        }
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
        console.warn("\(unread.count) written but not read by the reader that has gone, here as JSON:")
        var json = JSONText()
        for index in 0..<unread.count {
            json.removeAll()
            Envelope.encode(unread.bytes(of: index), MessageProperties(), into: &json)
            console.rescue(json.bytes)
        }
    }
}

/// Where received messages go.
protocol MessageSink: AnyObject {
    var gap: Batch.Gap { get }
    var needsProperties: Bool { get }
    /// Whether somebody reads what is written, who may go away.
    var hasReader: Bool { get }
    func write(_ batch: inout Batch, stop: StopFlag) -> RecordWriter.Result
}

extension RecordWriter: MessageSink {
    var hasReader: Bool { true }
}
