import MQCore

@testable import MQCommands

/// A work with so many places that gives each message the next fate of its script, `delay` after it began.
final class ScriptedWork: Work {
    private struct Job {
        var position: Int
        var body: String
        var attempt: Int
        var due: Deadline
    }

    let width: Int?
    let gap = Batch.Gap()
    let needsProperties = true
    let isParallel = true
    private let delay: Duration
    private let fate: (_ body: String, _ attempt: Int) -> Verdict.Fate
    private var jobs: [Job] = []
    /// Every attempt, in the order in which they began: the body and the number of the attempt, and when.
    private(set) var begun: [(body: String, attempt: Int, at: UInt64)] = []
    private(set) var mostAtOnce = 0
    /// Called with the number of attempts that have begun.
    var afterBegin: (Int) -> Void = { _ in }
    /// Called with each body.
    var beforeBegin: (String) -> Void = { _ in }

    init(width: Int = 1, delay: Duration = .zero, _ fate: @escaping (_ body: String, _ attempt: Int) -> Verdict.Fate) {
        (self.width, self.delay, self.fate) = (width, delay, fate)
    }

    var due: Deadline { jobs.map(\.due).min { $0.nanoseconds < $1.nanoseconds } ?? .never }
    var attempts: [String] { begun.map { "\($0.body)#\($0.attempt)" } }

    func room() -> Int { width! - jobs.count }

    func begin(_ batch: inout Batch, _ range: Range<Int>, at position: Int, stop: StopFlag) -> Begun {
        for index in range {
            let body = String(decoding: batch.bytes(of: index), as: UTF8.self)
            let attempt = batch.properties(of: index).attempts ?? 1
            beforeBegin(body)
            begun.append((body, attempt, Deadline.now()))
            jobs.append(Job(position: position + index - range.lowerBound, body: body, attempt: attempt, due: .after(delay)))
        }
        mostAtOnce = max(mostAtOnce, jobs.count)
        afterBegin(begun.count)
        return Begun(messages: range.count)
    }

    func collect(_ verdicts: inout [Verdict], _ lull: Lull) throws(TransportError) {
        jobs.removeAll { job in
            guard job.due.hasPassed || delay == .zero else { return false }
            let fate = fate(job.body, job.attempt)
            verdicts.append(
                Verdict(job.position..<job.position + 1, fate, because: Reason("exit status 3", status: "3", detail: "oh\u{1b}no".utf8)))
            return true
        }
    }

    func abandon() { jobs = [] }
}
