import Glibc
import MQCore

/// Gives messages as records to commands that live on, one in each slot, and takes a line back for each.
final class CoprocessWork: Work {
    private final class Seat {
        let index: Int
        var coprocess: Coprocess?
        var errors: SlotStream?
        init(_ index: Int) { self.index = index }
    }

    /// So many in a row that ended without a single reply: the command is not what it should be.
    private static let patience = 5

    private let plan: ExecPlan
    private let console: Console
    private let environment: JobEnvironment
    private let events: EventSet
    private let groups = RunningGroups()
    private let output: OutputMixer
    private let orphans: Orphans?
    private let descriptorLimit: UInt
    private let buffer = RecordBuffer()
    private let writer: RecordWriter
    private var judge: Judge
    private var seats: [Seat] = []
    private var waiting: [(record: Coprocess.Record, bytes: [UInt8])] = []
    private var shortage = Shortage()
    private var verdicts: [Verdict] = []
    private var end: TransportError?
    private var ready: [EventSet.Event] = []
    /// Records that commands have.
    private var open = 0
    private var number = 0
    /// How many commands in a row ended without a reply.
    private var mute = 0

    var needsProperties: Bool { writer.needsProperties || plan.jobLog != nil }
    var isParallel: Bool { plan.slots > 1 || plan.batch > 1 }
    var width: Int? { plan.slots * plan.batch }
    var gap: Batch.Gap { writer.gap }
    var descriptor: CInt { events.descriptor }

    /// - Parameter plan: with the framing of records, and how many a command is given ahead of its replies.
    /// - Throws: `failure` when there are no descriptors left.
    init(_ plan: ExecPlan, stop: StopFlag, console: Console) throws(TransportError) {
        (self.plan, self.console) = (plan, console)
        events = try EventSet()
        output = OutputMixer(events, stop: stop)
        orphans = Orphans(groups)
        judge = Judge(plan.rules, timeout: plan.timeout, halt: plan.halt)
        environment = JobEnvironment(address: plan.address, queue: plan.queue) { console.warn($0) }
        writer = RecordWriter(
            .framed(plan.framing ?? .lines), to: buffer, queue: plan.queue, raw: true, isStrict: false, mayHaveFrames: plan.mayHaveFrames,
            warn: { console.warn($0) })
        descriptorLimit = DescriptorLimit.raise(for: plan.slots * ExecPlan.descriptorsPerSlot)
    }

    // MARK: - Records

    func room() -> Int {
        if end != nil || output.isFull { return 0 }
        return max(0, shortage.width(plan.slots) * plan.batch - open - waiting.count)
    }

    var due: Deadline {
        var due = isShort ? shortage.due : .never
        if let orphans { due = due.earlier(orphans.due) }
        for seat in seats { if let coprocess = seat.coprocess { due = due.earlier(coprocess.due(plan.timeout)) } }
        return due
    }

    func begin(_ batch: inout Batch, _ range: Range<Int>, at position: Int, stop: StopFlag) -> Begun {
        for index in range {
            buffer.removeAll()
            if let error = writer.write(&batch, index..<index + 1, stop: stop).error {
                return Begun(messages: index - range.lowerBound, error: error)
            }
            number += 1
            var record = Coprocess.Record(position: position + index - range.lowerBound, number: number, id: nil, attempt: 1)
            if batch.hasProperties {
                let properties = batch.properties(of: index)
                (record.id, record.attempt, record.timestamp) = (properties.id, properties.attempts ?? 1, properties.timestamp)
            }
            give(record, buffer.bytes)
        }
        return Begun(messages: range.count)
    }

    /// Whether records wait for the system to have room for another command.
    private var isShort: Bool { !waiting.isEmpty && seats.count { $0.coprocess != nil } < shortage.width(plan.slots) }

    private func give(_ record: Coprocess.Record, _ bytes: [UInt8]) {
        guard waiting.isEmpty else { return waiting.append((record, bytes)) }
        do throws(TransportError) {
            guard let seat = try seat() else { return waiting.append((record, bytes)) }
            hand(record, bytes, to: seat)
        } catch {
            if Shortage.isCause(error.errno), shortage.met(error.errno, running: seats.count { $0.coprocess != nil }) {
                console.detail("\(error.message); trying again")
                waiting.append((record, bytes))
            } else {
                verdicts.append(Verdict(record.position..<record.position + 1, .stop(error)))
            }
        }
    }

    private func hand(_ record: Coprocess.Record, _ bytes: [UInt8], to seat: Seat) {
        let coprocess = seat.coprocess!
        let wasBehind = coprocess.isBehind
        coprocess.add(record, bytes)
        open += 1
        if wasBehind { return }
        write(coprocess, seat)
    }

    private func write(_ coprocess: Coprocess, _ seat: Seat, wasBehind: Bool = false) {
        coprocess.write()
        let place = ChildDescriptor(seat.index, .input).token
        if coprocess.inputDescriptor < 0 || coprocess.isBehind == wasBehind { return }
        if wasBehind { events.remove(coprocess.inputDescriptor) } else { events.add(coprocess.inputDescriptor, POLLOUT, token: place) }
    }

    /// The command with the fewest records that may have one more; one is started where there is none yet.
    /// - Throws: why none can be started.
    private func seat() throws(TransportError) -> Seat? {
        var best: Seat?
        for seat in seats {
            guard let coprocess = seat.coprocess, coprocess.isAnswering, coprocess.records.count < plan.batch else { continue }
            if coprocess.records.isEmpty { return seat }
            if best.map({ $0.coprocess!.records.count > coprocess.records.count }) ?? true { best = seat }
        }
        if seats.count(where: { $0.coprocess != nil }) >= shortage.width(plan.slots) || !shortage.due.hasPassed { return best }
        let seat = seats.first { $0.coprocess == nil } ?? Seat(seats.count)
        try start(seat)
        shortage.isOver()
        return seat
    }

    private func start(_ seat: Seat) throws(TransportError) {
        var command = ChildCommand(plan.words)
        (command.path, command.diesWithParent, command.descriptorLimit) = (plan.path, true, descriptorLimit)
        command.environment = environment.entries(slot: seat.index + 1, number: nil)
        let input = try Pipe()
        let replies = try Pipe()
        _ = fcntl(input.writing.descriptor, F_SETFL, O_NONBLOCK)
        _ = fcntl(replies.reading.descriptor, F_SETFL, O_NONBLOCK)
        var descriptors = [(source: input.reading.descriptor, target: STDIN_FILENO)]
        descriptors.append((replies.writing.descriptor, STDOUT_FILENO))
        if plan.mixesErrors, !(shortage.isDireNow && plan.mayShareStreams) {
            if seat.errors == nil {
                let errors = try SlotStream(to: output.errors, holdingIn: nil, keeps: plan.keepsErrors ? Reason.detailLimit : 0)
                events.add(errors.descriptor, POLLIN, token: ChildDescriptor(seat.index, .errors).token)
                seat.errors = errors
            }
            try seat.errors!.begin(tag: [], holdingIn: nil)
            descriptors.append((seat.errors!.target, STDERR_FILENO))
        }
        let child = try ChildProcess(command, descriptors: descriptors)
        let coprocess = Coprocess(child, input: input.writing, output: replies.reading)
        if seat.index == seats.count { seats.append(seat) }
        seat.coprocess = coprocess
        groups.insert(coprocess.process)
        events.add(coprocess.descriptor, POLLIN, token: ChildDescriptor(seat.index, .child).token)
        events.add(coprocess.outputDescriptor, POLLIN, token: ChildDescriptor(seat.index, .output).token)
    }

    // MARK: - Replies

    func collect(_ verdicts: inout [Verdict], _ lull: Lull) throws(TransportError) {
        handleEvents(until: .immediately)
        orphans?.collect()
        escalate()
        if !waiting.isEmpty {
            let records = waiting
            waiting = []
            for (record, bytes) in records { give(record, bytes) }
        }
        if let error = output.flush() { end = end ?? error }
        verdicts += self.verdicts
        self.verdicts.removeAll(keepingCapacity: true)
        if let end = end {
            self.end = nil
            throw end
        }
    }

    private func handleEvents(until deadline: Deadline) {
        ready.removeAll(keepingCapacity: true)
        events.wait(until: deadline, into: &ready)
        for event in ready {
            guard let place = ChildDescriptor(event.token) else { continue }
            let seat = seats[place.slot]
            if place.part == .errors {
                if let errors = seat.errors { output.read(errors, place) }
            } else if let coprocess = seat.coprocess {
                handle(place.part, coprocess, seat)
            }
        }
    }

    private func handle(_ part: ChildDescriptor.Part, _ coprocess: Coprocess, _ seat: Seat) {
        switch part {
        case .input: write(coprocess, seat, wasBehind: true)
        case .output:
            if !read(coprocess) {
                events.remove(coprocess.outputDescriptor)
                coprocess.hasClosed()
            }
            // Without a reply nothing can be told of a record: it starts anew.
            if coprocess.offence != nil, coprocess.stage == .running { coprocess.escalate(patience: plan.killAfter) }
        case .child:
            // What it said before it ended counts.
            _ = read(coprocess)
            if let exit = coprocess.collect(groups) { finish(seat, coprocess, exit) }
        case .meta, .errors: break
        }
    }

    /// - Returns: false when no reply will follow.
    private func read(_ coprocess: Coprocess) -> Bool {
        coprocess.read { record, reply in
            mute = 0
            open -= 1
            switch reply {
            case .ok: rule(record, .ok, nil)
            case .retry(let delay): rule(record, .retry, Reason("the command wants it again", status: "retry"), after: delay)
            case .reject(let why): rule(record, .reject, Reason(why, status: "reject"))
            }
        }
    }

    private func rule(_ record: Coprocess.Record, _ meaning: VerdictRules.Word, _ reason: Reason?, after delay: Duration? = nil) {
        let ruling = judge.rule(meaning, reason, after: delay)
        verdicts.append(Verdict(record.position..<record.position + 1, ruling.fate, because: reason))
        end = end ?? ruling.end
        plan.jobLog?.write(record.entry(nil, meaning.rawValue))
    }

    private func escalate() {
        for seat in seats {
            if let coprocess = seat.coprocess, coprocess.due(plan.timeout).hasPassed { coprocess.escalate(patience: plan.killAfter) }
        }
    }

    /// What it worked on failed with it; what it had beside that goes to another.
    private func finish(_ seat: Seat, _ coprocess: Coprocess, _ exit: ExitReason) {
        seat.coprocess = nil
        open -= coprocess.records.count
        let detail = seat.errors?.end() ?? []
        if !coprocess.hasAnswered { mute += 1 }
        guard let first = coprocess.records.first else { return }
        var reason = JobEnding(exit: exit, isTimedOut: coprocess.isLate, detail: detail)
            .reason(timeout: plan.timeout)
        if let offence = coprocess.offence { reason = Reason(offence, detail: detail) }
        if mute >= Self.patience {
            let error = TransportError(.failure, "the command ended \(mute) times in a row without a reply, at last with \(reason.words)")
            verdicts.append(Verdict(first.position..<first.position + 1, .stop(error), because: reason))
        } else {
            let ruling = judge.rule(.retry, reason)
            verdicts.append(Verdict(first.position..<first.position + 1, ruling.fate, because: reason))
            end = end ?? ruling.end
            plan.jobLog?.write(first.entry(exit, "retry"))
        }
        for record in coprocess.records.dropFirst() {
            verdicts.append(Verdict(record.position..<record.position + 1, .again(after: .zero)))
            plan.jobLog?.write(record.entry(nil, "retry"))
        }
    }

    // MARK: - The end

    func abandon() {
        waiting = []
        for seat in seats { seat.coprocess?.ask() }
        waitForEnds(until: .after(.milliseconds(200)))
        for seat in seats { drop(seat) }
        (verdicts, open) = ([], 0)
    }

    private func waitForEnds(until deadline: Deadline) {
        while seats.contains(where: { $0.coprocess != nil }), !deadline.hasPassed { handleEvents(until: deadline) }
    }

    private func drop(_ seat: Seat) {
        guard let coprocess = seat.coprocess else { return }
        groups.remove(coprocess.process)
        // Kills it.
        seat.coprocess = nil
    }

    /// Commands end when their input does; those that do not are made to.
    func close() {
        for seat in seats { seat.coprocess?.closeInput() }
        waitForEnds(until: .after(plan.killAfter))
        abandon()
        output.close()
    }
}
