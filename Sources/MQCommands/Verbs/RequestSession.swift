import Glibc
import MQBench
import MQCore

/// One run of `mq request`: each request, and its replies on standard output before the next.
final class RequestSession {
    struct Plan {
        var framing: Framing
        /// From the command line; standard input is read when there are none.
        var messages: [String]
        /// How many requests to make; `nil` is one for each message.
        var count: Int?
        var timeout: Duration
        /// How often a request is made again.
        var retries: Int
        /// How many replies each has.
        var replies: Int
        var ready: ReadyLine?
    }

    private let plan: Plan
    private let address: ResolvedAddress
    private let console: Console
    private let surroundings: Surroundings
    private let stop = StopFlag()
    private let requester: any Requester
    private let output: OutputStream
    private let writer: RecordWriter
    private var replies: Batch
    private let counters = Counters()
    /// Requests that had their replies, and attempts beyond the first.
    private var made = 0
    private var repeated = 0
    private var times: Histogram?

    init(
        _ plan: Plan, _ address: ResolvedAddress, console: Console, surroundings: Surroundings = Surroundings()
    ) throws(TransportError) {
        (self.plan, self.address, self.console, self.surroundings) = (plan, address, console, surroundings)
        output = OutputStream(surroundings.output)
        try output.requireOpen()
        writer = RecordWriter(
            .framed(plan.framing), to: output, queue: address.address.short, raw: false, isStrict: false,
            mayHaveFrames: address.descriptor.capabilities.contains(.frames), warn: { console.warn($0) })
        replies = Batch(gap: writer.gap, byteCapacity: 1 << 12)
        replies.wantsProperties = writer.needsProperties
        if plan.count != nil { times = Histogram() }
        if surroundings.isWatched {
            var monitor = ProcessMonitor.Configuration(
                stop: stop, console: console, watchesOutput: true, counters: counters, verb: "answered")
            monitor.drawsProgress = !output.isTerminal && !output.isPipe && (!plan.messages.isEmpty || isatty(surroundings.input) == 0)
            ProcessMonitor.start(monitor)
        }
        var opening = Opening(stop: stop)
        opening.notices = Endpoints.notices(console: console, ready: plan.ready)
        opening.deadline = .after(plan.timeout)
        let transport: any Transport
        if let given = surroundings.transport { transport = given } else { transport = try address.transport() }
        requester = try Endpoints.open(retry: nil, opening: opening, console: console) { opening throws(TransportError) in
            try transport.openRequester(opening, asksAgain: plan.retries > 0)
        }
        plan.ready?.writeUnlessWritten(address.address.short)
    }

    func run() throws(TransportError) -> Ending {
        defer { sumUp() }
        let complaint = try plan.messages.isEmpty ? askInput() : askWords()
        if let reason = stop.reason { return reason.signal.map { .signal($0) } ?? .success }
        if let complaint { return .negative(complaint) }
        if let count = plan.count, made < count {
            return .negative("\(Quantity.grouped(made)) of \(Quantity.count(count, "request")) made")
        }
        return .success
    }

    private func sumUp() {
        console.endProgress()
        if let times, !times.isEmpty {
            let rate = Double(made) / (Double(Deadline.now() - counters.start) / 1e9)
            console.note("\(Quantity.count(made, "round trip")): \(times.quantileWords), \(Quantity.short(rate)) per second") { json in
                json.member("round_trips", made)
                json.member("per_second", Int(rate))
                json.member("p50_ns", times.value(at: 0.5))
                json.member("p99_ns", times.value(at: 0.99))
                json.member("max_ns", times.maximum)
            }
        }
        let strays = requester.strays
        if strays > 0 { console.warn("\(Quantity.grouped(strays)) late or foreign \(strays == 1 ? "reply" : "replies") dropped") }
        let again = repeated > 0 ? ", \(Quantity.grouped(repeated)) made again" : ""
        console.detail("\(Quantity.count(made, "request")) answered by \(address.address.short)\(again)")
    }

    // MARK: - Where requests come from

    /// - Returns: why it ends before the last request, in a sentence, where that is the negative answer.
    private func askInput() throws(TransportError) -> String? {
        let reader = RecordReader(plan.framing, limit: nil, descriptor: surroundings.input)
        if isatty(surroundings.input) == 1 { console.note("reading requests from the terminal, one per line; Ctrl-D ends") }
        while !isComplete {
            do throws(TransportError) {
                guard case .records = try reader.next(stop: stop) else { return nil }
            } catch {
                guard error.code == .malformed else { throw error }
                throw named(error, reader.recordsBefore)
            }
            for sentence in reader.unknownKeys.take() { console.warn(sentence) }
            if let complaint = try askAll(reader.batch) { return complaint }
        }
        return nil
    }

    private func askWords() throws(TransportError) -> String? {
        var reader = WordReader(plan.messages, plan.framing, plan.count == nil ? .times(1) : .forever)
        while !isComplete, try reader.next(stop: stop) {
            for sentence in reader.unknownKeys.take() { console.warn(sentence) }
            if let complaint = try askAll(reader.batch) { return complaint }
        }
        return nil
    }

    private var isComplete: Bool { stop.isRaised || made == plan.count }

    private func named(_ error: TransportError, _ number: Int) -> TransportError {
        var error = error
        error.message = "\(plan.messages.isEmpty ? "record" : "request") \(number + 1): \(error.message)"
        return error
    }

    // MARK: - One request

    private func askAll(_ batch: borrowing Batch) throws(TransportError) -> String? {
        for index in 0..<batch.count where !isComplete {
            if let error = requester.refusal(in: batch, index) { throw named(error, made) }
            let start = Deadline.now()
            if let complaint = try ask(batch, index) { return complaint }
            if stop.isRaised { return nil }
            times?.record(Int(Deadline.now() - start))
            made += 1
            counters.add(messages: 1, bytes: batch.size(of: index))
            try show()
        }
        return nil
    }

    private func ask(_ batch: borrowing Batch, _ index: Int) throws(TransportError) -> String? {
        var why = Silence.late
        for attempt in 0...plan.retries {
            if attempt > 0 { repeated += 1 }
            replies.removeAll()
            var outcome = Outcome.deadlinePassed
            let deadline = Deadline.after(plan.timeout)
            let wasTaken = try requester.request(batch, index, attempt: attempt, until: deadline, stop: stop)
            if wasTaken { outcome = try awaitReplies(deadline) }
            if stop.isRaised || outcome == .received { return nil }
            why = !wasTaken ? .untaken : outcome == .ended ? .gone : .late
            if attempt < plan.retries { console.detail("no reply to request \(made + 1) yet: \(why.rawValue)") }
        }
        guard requester.hasMetPeer else { throw requester.obstacle }
        return complaint(why)
    }

    /// - Parameter deadline: for the first; the others have their own.
    private func awaitReplies(_ deadline: Deadline) throws(TransportError) -> Outcome {
        var deadline = deadline
        while true {
            let outcome = try requester.reply(into: &replies, until: deadline, stop: stop)
            if outcome != .received || replies.count == plan.replies { return outcome }
            deadline = .after(plan.timeout)
        }
    }

    /// Why there is no reply.
    private enum Silence: String {
        case gone = "the peer has gone"
        case untaken = "no peer takes it"
        case late = "the time is up"
    }

    private func complaint(_ why: Silence) -> String {
        let isOnly = plan.messages.count == 1 && plan.count == nil
        let what = isOnly ? "" : " to request \(Quantity.grouped(made + 1))"
        if !replies.isEmpty {
            return "\(replies.count) of \(Quantity.grouped(plan.replies)) replies\(what) within \(Quantity.words(plan.timeout))"
        }
        if plan.retries > 0 {
            return "no reply\(what) in \(Quantity.grouped(plan.retries + 1)) attempts of \(Quantity.words(plan.timeout))"
        }
        if why == .gone { return "no reply\(what): \(why.rawValue)" }
        return "no reply\(what) within \(Quantity.words(plan.timeout))" + (why == .late ? "" : ": \(why.rawValue)")
    }

    /// Writes the replies, which nobody has seen yet.
    private func show() throws(TransportError) {
        let result = writer.write(&replies, 0..<replies.count, stop: stop)
        guard let error = result.error else { return }
        guard output.readerIsGone else { throw error }
        stop.raise(.readerGone)
    }
}
