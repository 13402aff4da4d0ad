import Glibc
import MQCore

/// Commands from their start to their end.
extension ExecWork {
    /// Starts what waits, as far as there is room.
    func startWaiting() {
        while mayStart, shortage.due.hasPassed {
            do throws(TransportError) {
                try start(waiting[0])
                waiting.removeFirst()
                shortage.isOver()
            } catch {
                if Shortage.isCause(error.errno), shortage.met(error.errno, running: running) {
                    console.detail("\(error.message); trying again")
                    closeIdleSlots()
                    continue
                }
                for positions in waiting.removeFirst().positions { verdicts.append(Verdict(positions, .stop(error))) }
            }
        }
    }

    /// What slots keep open between two commands may be what the next command lacks.
    private func closeIdleSlots() { while let last = slots.last, last.job == nil { slots.removeLast() } }

    /// Whether something waits that may run beside what runs.
    var mayStart: Bool { !waiting.isEmpty && running < shortage.width(plan.slots) && !runsAlone }

    /// Whether the only command writes to this program's streams itself, beside which no other may.
    private var runsAlone: Bool { running == 1 && plan.mixesOutput && slots.contains { $0.job != nil && $0.output == nil } }

    private func freeSlot() -> Slot {
        if let slot = slots.first(where: { $0.job == nil }) { return slot }
        let slot = Slot(slots.count)
        slots.append(slot)
        return slot
    }

    private func start(_ load: Load) throws(TransportError) {
        let (slot, number) = (freeSlot(), number + 1)
        try prepare(slot, tag: plan.tags ? Array("\((load.ids.first ?? "\(number)").printable)\t".utf8) : [])
        let input = try feed(load.body)
        let meta = try plan.metaDescriptor.map { _ throws(TransportError) in try describe(load, slot, number) }
        var descriptors: [(source: CInt, target: CInt)] = [(input?.source ?? -1, STDIN_FILENO)]
        if let descriptor = plan.metaDescriptor, let meta { descriptors.append((meta.source, descriptor)) }
        if let output = slot.output { descriptors.append((output.target, STDOUT_FILENO)) }
        if let errors = slot.errors { descriptors.append((errors.target, STDERR_FILENO)) }
        let child = try spawn(load, slot, number, descriptors)
        let job = ExecJob(load, number: number, child, input: input, meta: meta, timeout: plan.timeout)
        (slot.job, self.number, running) = (job, number, running + 1)
        groups.insert(job.process)
        events.add(job.descriptor, POLLIN, token: ChildDescriptor(slot.index, .child).token)
        watch(input, slot, .input)
        watch(meta, slot, .meta)
    }

    /// What the command has by now is its own.
    private func watch(_ feed: Feed?, _ slot: Slot, _ part: ChildDescriptor.Part) {
        guard let feed else { return }
        feed.handOver()
        if !feed.isDone { events.add(feed.descriptor, POLLOUT, token: ChildDescriptor(slot.index, part).token) }
    }

    private func spawn(
        _ load: Load, _ slot: Slot, _ number: Int, _ descriptors: [(source: CInt, target: CInt)]
    ) throws(TransportError) -> ChildProcess {
        var command = ChildCommand(plan.words)
        (command.path, command.diesWithParent, command.descriptorLimit) = (plan.path, true, descriptorLimit)
        guard let properties = load.properties else {
            command.environment = environment.entries(slot: slot.number, number: number)
            return try ChildProcess(command, descriptors: descriptors)
        }
        command.environment = environment.entries(properties, slot: slot.number, number: number)
        do throws(TransportError) {
            return try ChildProcess(command, descriptors: descriptors)
        } catch {
            guard error.errno == E2BIG, !properties.attributes.isEmpty else { throw error }
        }
        command.environment = environment.entries(properties, slot: slot.number, number: number, withAttributes: false)
        return try ChildProcess(command, descriptors: descriptors)
    }

    private func prepare(_ slot: Slot, tag: [UInt8]) throws(TransportError) {
        if shortage.isDireNow, running == 0, plan.mayShareStreams {
            (slot.output, slot.errors) = (nil, nil)
            return
        }
        if plan.desk != nil {
            // One of its own each: what an earlier command left running must not write into the reply of a later one.
            slot.output = try stream(to: nil, keeps: ReplyReader.largest, ChildDescriptor(slot.index, .output))
        } else if plan.mixesOutput, slot.output == nil {
            slot.output = try stream(to: output.output, keeps: 0, ChildDescriptor(slot.index, .output))
        }
        if plan.mixesErrors, slot.errors == nil {
            slot.errors = try stream(
                to: output.errors, keeps: plan.keepsErrors ? Reason.detailLimit : 0, ChildDescriptor(slot.index, .errors))
        }
        try slot.output?.begin(tag: tag, holdingIn: plan.outputFolder)
        try slot.errors?.begin(tag: tag, holdingIn: plan.outputFolder)
    }

    private func stream(to sink: SharedStream?, keeps: Int, _ place: ChildDescriptor) throws(TransportError) -> SlotStream {
        let stream = try SlotStream(to: sink, holdingIn: plan.outputFolder, keeps: keeps)
        if stream.descriptor >= 0 { events.add(stream.descriptor, POLLIN, token: place.token) }
        return stream
    }

    private func feed(_ body: Load.Body) throws(TransportError) -> Feed? {
        switch body {
        case .message(let bytes): return bytes.isEmpty ? nil : try Feed(bytes, isKept: true)
        case .framed(let bytes):
            if bytes.isEmpty { return nil }
            return try feed(copying: bytes)
        }
    }

    private func feed(copying bytes: [UInt8]) throws(TransportError) -> Feed {
        let result = bytes.withUnsafeBytes { bytes in Result { () throws(TransportError) in try Feed(bytes, isKept: false) } }
        return try result.get()
    }

    /// Everything about the message, as one JSON object.
    private func describe(_ load: Load, _ slot: Slot, _ number: Int) throws(TransportError) -> Feed {
        var json = JSONText()
        json.open("{")
        environment.describe(load.properties, into: &json)
        json.member("slot", slot.number)
        json.member("number", number)
        Envelope.encodeMembers(load.properties ?? MessageProperties(), into: &json)
        json.close("}")
        return try feed(copying: json.bytes + [0x0a])
    }

    // MARK: - The end

    /// Commands whose time is up go on to the next stage of their end.
    func escalate() {
        for slot in slots {
            guard let job = slot.job, job.due.hasPassed else { continue }
            job.escalate(patience: plan.killAfter)
        }
    }

    func finish(_ slot: Slot, _ job: ExecJob, _ exit: ExitReason) {
        slot.job = nil
        running -= 1
        if slot.output == nil { output.checkReader() }
        let written = slot.output?.end() ?? []
        let detail = slot.errors?.end() ?? []
        let ruling = judge.judge(JobEnding(exit: exit, isTimedOut: job.stage != .running, detail: detail))
        if let desk = plan.desk {
            slot.output = nil
            return answer(job, written, ruling, at: desk)
        }
        for positions in job.load.positions { verdicts.append(Verdict(positions, ruling.fate, because: ruling.reason)) }
        end = end ?? ruling.end
        log(job, exit, ruling.meaning.rawValue)
    }

    /// A request is dealt with whatever its command ended with.
    private func answer(_ job: ExecJob, _ written: [UInt8], _ ruling: Judge.Ruling, at desk: ReplyDesk) {
        for positions in job.load.positions {
            if case .stop = ruling.fate {
                verdicts.append(Verdict(positions, ruling.fate, because: ruling.reason))
                continue
            }
            verdicts.append(Verdict(positions, .done))
            do throws(TransportError) {
                try answer(positions.lowerBound, written, ruling, at: desk)
            } catch {
                end = end ?? error
            }
        }
    }

    private func answer(_ position: Int, _ written: [UInt8], _ ruling: Judge.Ruling, at desk: ReplyDesk) throws(TransportError) {
        guard ruling.meaning == .ok else { return try desk.fail(position, because: ruling.reason?.words ?? "failed") }
        let reply: (body: [UInt8], frames: [Int]?)
        do throws(TransportError) {
            reply = try ReplyReader(framing: plan.framing).read(written)
        } catch {
            return try desk.fail(position, because: error.message)
        }
        try desk.answer(position, reply.body, frames: reply.frames)
    }

    func log(_ job: ExecJob, _ exit: ExitReason?, _ verdict: String) {
        guard let log = plan.jobLog else { return }
        log.write(
            JobLog.Entry(
                number: job.number, ids: job.load.ids, attempt: job.load.properties.map { $0.attempts ?? 1 }, started: job.startedAt,
                waited: job.load.properties?.timestamp.map { job.startedAt - $0 }, ran: Deadline.now() - job.started, exit: exit,
                verdict: verdict))
    }
}
