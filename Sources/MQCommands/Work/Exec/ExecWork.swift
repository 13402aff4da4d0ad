import Glibc
import MQCore

/// Runs a command for each message, or for several: as many at once as there are slots.
///
/// Everything happens on the thread of the intake, which waits for the descriptors of commands beside its queue: they die with it.
final class ExecWork: Work {
    let plan: ExecPlan
    let console: Console
    let environment: JobEnvironment
    let events: EventSet
    let groups = RunningGroups()
    let output: OutputMixer
    private let orphans: Orphans?
    /// The soft limit of descriptors that commands have.
    let descriptorLimit: UInt
    var judge: Judge
    var slots: [Slot] = []
    var running = 0
    /// How many runs have begun.
    var number = 0
    /// Runs that wait for the system to have room for them.
    var waiting: [Load] = []
    var shortage = Shortage()
    var verdicts: [Verdict] = []
    /// What ends the work, once.
    var end: TransportError?
    private let gathering: Gathering
    private var ready: [EventSet.Event] = []

    let needsProperties = true
    var isParallel: Bool { plan.slots > 1 }
    var width: Int? { plan.slots * plan.batch }
    var gap: Batch.Gap { gathering.gap }
    var descriptor: CInt { events.descriptor }

    /// - Throws: `failure` when there are no descriptors left.
    init(_ plan: ExecPlan, stop: StopFlag, console: Console) throws(TransportError) {
        (self.plan, self.console) = (plan, console)
        events = try EventSet()
        output = OutputMixer(events, stop: stop)
        orphans = Orphans(groups)
        judge = Judge(plan.rules, timeout: plan.timeout, halt: plan.halt)
        environment = JobEnvironment(address: plan.address, queue: plan.queue) { console.warn($0) }
        gathering = Gathering(plan, console: console)
        descriptorLimit = DescriptorLimit.raise(for: plan.slots * ExecPlan.descriptorsPerSlot)
    }

    // MARK: - Messages

    func room() -> Int {
        if end != nil || output.isFull { return 0 }
        return max(0, (shortage.width(plan.slots) - running - waiting.count) * plan.batch - gathering.count)
    }

    var due: Deadline {
        var due = gathering.due
        if mayStart { due = due.earlier(shortage.due) }
        if let orphans { due = due.earlier(orphans.due) }
        if plan.timeout != nil { for slot in slots { if let job = slot.job { due = due.earlier(job.due) } } }
        return due
    }

    func begin(_ batch: inout Batch, _ range: Range<Int>, at position: Int, stop: StopFlag) -> Begun {
        var begun = Begun(messages: range.count)
        for index in range {
            begun.error = gathering.add(&batch, index, at: position + index - range.lowerBound, stop: stop)
            if begun.error != nil {
                begun.messages = index - range.lowerBound
                break
            }
            if gathering.count == plan.batch { waiting.append(gathering.take()) }
        }
        startWaiting()
        return begun
    }

    func collect(_ verdicts: inout [Verdict], _ lull: Lull) throws(TransportError) {
        handleEvents(until: .immediately)
        orphans?.collect()
        if plan.timeout != nil { escalate() }
        // Nothing more joins those that are there.
        if gathering.count > 0, lull != .none || gathering.due.hasPassed { waiting.append(gathering.take()) }
        startWaiting()
        if let error = output.flush() { end = end ?? error }
        verdicts += self.verdicts
        self.verdicts.removeAll(keepingCapacity: true)
        if let end = end {
            self.end = nil
            throw end
        }
    }

    func finish(stop: StopFlag) throws(TransportError) {
        if gathering.count > 0 { waiting.append(gathering.take()) }
    }

    private func handleEvents(until deadline: Deadline) {
        ready.removeAll(keepingCapacity: true)
        events.wait(until: deadline, into: &ready)
        for event in ready {
            if let place = ChildDescriptor(event.token), place.slot < slots.count { handle(place, slots[place.slot]) }
        }
    }

    private func handle(_ place: ChildDescriptor, _ slot: Slot) {
        switch place.part {
        case .child: if let job = slot.job, let exit = job.collect(groups) { finish(slot, job, exit) }
        case .input: slot.job?.input?.write()
        case .meta: slot.job?.meta?.write()
        case .output: if let stream = slot.output { output.read(stream, place) }
        case .errors: if let stream = slot.errors { output.read(stream, place) }
        }
    }

    // MARK: - The end

    /// What runs is asked to end, and made to a moment later: its messages go back, and are not to be worked on twice.
    func abandon() {
        (waiting, verdicts) = ([], [])
        for slot in slots { slot.job?.ask() }
        let patience = Deadline.after(.milliseconds(200))
        while running > 0 && !patience.hasPassed { handleEvents(until: patience) }
        for slot in slots {
            guard let job = slot.job else { continue }
            log(job, nil, "returned")
            groups.remove(job.process)
            // Kills it.
            slot.job = nil
        }
        running = 0
        verdicts = []
    }

    /// Shows what commands have written last.
    func close() { output.close() }
}
