import Glibc
import MQCore
import MQNet

/// Posts each message to a worker; the worker's answer is the verdict.
final class PostWork: Work {
    let plan: PostPlan
    let console: Console
    private let answers: PostAnswers
    private let headers: PostHeaders
    private let http: HTTPThread
    var targets: PostTargets
    /// Under way, by position, which is the tag of the exchange; questions about health have tags below 0.
    private var jobs: [Int: PostJob] = [:]
    private var recent: RecentIDs?
    private var starting: [(request: HTTPRequest, tag: Int)] = []
    /// What needs no exchange.
    private var decided: [Verdict] = []
    private var waitingCopies = 0
    /// Nothing more comes: URLs that do not answer are not waited for.
    private var isFinishing = false
    private var saidDrops: Set<String> = []
    /// Why each URL rests, for the sentence when that is given up.
    private var faults: [Int: String] = [:]

    var gap: Batch.Gap { Batch.Gap() }
    var needsProperties: Bool { true }
    var width: Int? { plan.width }
    var isParallel: Bool { plan.width > 1 }
    var due: Deadline { isFinishing ? .never : targets.due(now: Deadline.now()) }

    /// - Throws: `configuration` when libcurl cannot be opened.
    init(_ plan: PostPlan, turn: Turn, console: Console) throws(TransportError) {
        (self.plan, self.console) = (plan, console)
        answers = PostAnswers(contract: plan.contract, rules: plan.rules)
        headers = PostHeaders(contract: plan.contract, queue: plan.queue, given: plan.headers, contentType: plan.contentType)
        recent = plan.remembered.map { RecentIDs(capacity: $0) }
        targets = PostTargets(count: plan.urls.count, plan.targets, now: Deadline.now())
        http = try HTTPThread("mq-post") { turn.end() }
        console.note(answers.sentence)
        askHealth()
    }

    deinit { http.close() }

    // MARK: - Beginning

    func room() -> Int {
        askHealth()
        return max(0, targets.room(now: Deadline.now()) - waitingCopies)
    }

    func begin(_ batch: inout Batch, _ range: Range<Int>, at position: Int, stop: StopFlag) -> Begun {
        defer { sendOff() }
        for index in range {
            let properties = batch.properties(of: index)
            let place = position + index - range.lowerBound
            if isKnown(properties, place, batch.bytes(of: index)) { continue }
            guard let target = targets.pick(now: Deadline.now()) else {
                if let id = properties.id { recent?.end(id, isDone: false) }
                return Begun(messages: index - range.lowerBound)
            }
            launch(job(properties, place, batch.bytes(of: index)), to: target)
        }
        return Begun(messages: range.count)
    }

    /// Whether a message was done before, or a copy of it is under way.
    private func isKnown(_ properties: MessageProperties, _ position: Int, _ body: UnsafeRawBufferPointer) -> Bool {
        guard let id = properties.id, let answer = recent?.begin(id, at: position) else { return false }
        switch answer {
        case .new: return false
        case .done:
            console.detail("\(id.printable) was done before and is acknowledged")
            decided.append(Verdict(position..<position + 1, .done))
        case .copy(let first):
            jobs[first]!.copies.append(job(properties, position, body))
            waitingCopies += 1
        }
        return true
    }

    private func job(_ properties: MessageProperties, _ position: Int, _ body: UnsafeRawBufferPointer) -> PostJob {
        var request = plan.request("POST", "")
        request.headers = headers.list(properties, body, now: WallClock.now()) { reason in
            if saidDrops.insert(reason).inserted && saidDrops.count < 1000 { console.warn(reason) }
        }
        request.body = Array(body)
        return PostJob(position: position, id: properties.id, attempt: properties.attempts ?? 1, request: request)
    }

    private func launch(_ job: PostJob, to target: Int) {
        var job = job
        job.target = target
        job.start = Deadline.now()
        job.request.url = plan.urls[target].text
        var request = job.request
        if let signer = plan.signer {
            let id = job.id ?? "\(UInt64.random(in: 0 ... .max))"
            request.headers += signer.headers(id: id, time: WallClock.now() / 1_000_000_000, request.body)
        }
        starting.append((request, job.position))
        jobs[job.position] = job
    }

    private func sendOff() {
        http.start(starting)
        starting.removeAll(keepingCapacity: true)
    }

    // MARK: - Ending

    func collect(_ verdicts: inout [Verdict], _ lull: Lull) throws(TransportError) {
        verdicts += decided
        decided.removeAll(keepingCapacity: true)
        for completion in try http.collect() {
            if completion.tag < 0 { noteHealth(-1 - completion.tag, completion.result) } else { settle(completion, &verdicts) }
        }
        askHealth()
        sendOff()
        if !isFinishing, targets.isOverLimit(now: Deadline.now()) { throw unwell }
    }

    func finish(stop: StopFlag) throws(TransportError) { isFinishing = true }

    func abandon() { http.cancel(Array(jobs.keys)) }

    private func settle(_ completion: HTTPCompletion, _ verdicts: inout [Verdict]) {
        guard let job = jobs.removeValue(forKey: completion.tag) else { return }
        let now = Deadline.now()
        let time = Duration.nanoseconds(Int64(now - job.start))
        switch completion.result {
        case .success(let reply):
            note(job.target, sign(of: reply.status), after: time, "answers \(reply.status)")
            finish(job, verdict(on: reply, job), status: "\(reply.status)", time, &verdicts)
        case .failure(let failure):
            let isAbsent = !failure.mayHaveBeenSent
            note(job.target, isAbsent ? .absent : .ailing, after: time, failure.error.message)
            if isAbsent, relaunch(job) { return }
            let reason = Reason(failure.error.message)
            finish(
                job, Verdict(job.position..<job.position + 1, .again(after: nil), because: reason), status: failure.error.message, time,
                &verdicts)
        }
    }

    /// Nothing was sent: another URL may take it in the same attempt.
    private func relaunch(_ job: PostJob) -> Bool {
        var job = job
        job.tried.insert(job.target)
        guard let target = targets.pick(now: Deadline.now(), besides: job.tried) else { return false }
        launch(job, to: target)
        return true
    }

    private func sign(of status: Int) -> PostTargets.Sign { [502, 503, 504].contains(status) ? .ailing : .well }

    private func verdict(on reply: HTTPReply, _ job: PostJob) -> Verdict {
        let reason = Reason("\(plan.urls[job.target].shown) answered \(reply.status)", status: "\(reply.status)", detail: reply.body)
        let fate: Verdict.Fate =
            switch answers.meaning(of: reply.status) {
            case .ok: .done
            case .retry:
                .again(after: reply.header("Retry-After").flatMap { RetryAfter.delay($0, now: WallClock.now() / 1_000_000_000) })
            case .reject: .refused(TransportError(.failure, reason.words))
            case .stop: .stop(TransportError(.failure, reason.words, hint: "the worker wants no more messages"))
            }
        return Verdict(job.position..<job.position + 1, fate, because: reason)
    }

    private func finish(_ job: PostJob, _ verdict: Verdict, status: String, _ time: Duration, _ verdicts: inout [Verdict]) {
        log(job, verdict.fate, status: status, time)
        verdicts.append(verdict)
        guard let id = job.id, recent != nil else { return }
        let isDone = if case .done = verdict.fate { true } else { false }
        recent!.end(id, isDone: isDone)
        waitingCopies -= job.copies.count
        for (number, var copy) in job.copies.enumerated() {
            let range = copy.position..<copy.position + 1
            if isDone {
                verdicts.append(Verdict(range, .done))
            } else if number == 0, let target = targets.pick(now: Deadline.now()) {
                // The next copy takes its place.
                _ = recent!.begin(id, at: copy.position)
                copy.copies = Array(job.copies.dropFirst())
                waitingCopies += copy.copies.count
                launch(copy, to: target)
                return
            } else {
                verdicts.append(Verdict(range, .again(after: nil)))
            }
        }
    }

    // MARK: - Health

    private func askHealth() {
        if isFinishing { return }
        for index in targets.toAsk(now: Deadline.now()) {
            guard let url = plan.healthURL(of: index) else { continue }
            var request = plan.request("GET", url)
            request.timeout = min(plan.timeout, plan.connectTimeout)
            request.headers = plan.headers
            starting.append((request, -1 - index))
        }
        sendOff()
    }

    private func noteHealth(_ index: Int, _ result: Result<HTTPReply, HTTPFailure>) {
        var (isWell, fault) = (false, "")
        switch result {
        case .success(let reply): (isWell, fault) = (reply.status == 200, "\(plan.healthURL(of: index) ?? "") answers \(reply.status)")
        case .failure(let failure): fault = failure.error.message
        }
        let wasKnown = faults[index] != nil
        let change = targets.answered(index, isWell: isWell, now: Deadline.now())
        faults[index] = isWell ? nil : fault
        if isWell {
            if wasKnown { console.note("\(plan.urls[index].shown) is well") }
        } else if !wasKnown {
            console.warn("\(plan.urls[index].shown) is not well: \(fault); waiting")
        } else if case .rests(let time) = change {
            console.detail("\(fault); asking again in \(Quantity.words(time))")
        }
    }

    private func note(_ target: Int, _ sign: PostTargets.Sign, after time: Duration, _ fault: String) {
        switch targets.ended(target, sign, after: time, now: Deadline.now()) {
        case .rests(let rest):
            // Said when it begins; how it goes on, only to those who want to know.
            let words = "\(plan.urls[target].shown) gets nothing for \(Quantity.words(rest)): \(fault)"
            if faults[target] == nil { console.warn(words) } else { console.detail(words) }
            faults[target] = fault
        case .isWell:
            faults[target] = nil
            console.note("\(plan.urls[target].shown) answers again")
        case nil: break
        }
    }

    private var unwell: TransportError {
        let fault = faults.sorted { $0.key < $1.key }.first?.value ?? "no answer yet"
        return TransportError(
            .unreachable, "no URL has been well for \(Quantity.words(plan.healthLimit)): \(fault)",
            hint: "--health-limit says how long to wait")
    }

    // MARK: - The log

    private func log(_ job: PostJob, _ fate: Verdict.Fate, status: String, _ time: Duration) {
        guard console.settings.verbosity > 0 else { return }
        let verdict =
            switch fate {
            case .done: "ok"
            case .again: "retry"
            case .refused: "reject"
            case .stop: "stop"
            }
        let (url, milliseconds) = (plan.urls[job.target].shown, Int(time.nanoseconds / 1_000_000))
        console.detail("\(job.id ?? "message"), attempt \(job.attempt): \(url) \(status) in \(milliseconds) ms: \(verdict)") { json in
            if let id = job.id { json.member("id", id) }
            json.member("attempt", job.attempt)
            json.member("url", url)
            if let number = Int(status) { json.member("status", number) } else { json.member("status", status) }
            json.member("ms", milliseconds)
            json.member("verdict", verdict)
        }
    }
}
