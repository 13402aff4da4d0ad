import MQCore
import MQStandIns
import MQTesting

@testable import MQCommands

/// A work that takes its time: several messages under way, whose verdicts come late, in any order, and are of any kind.
final class UnrulyWork: Work {
    struct Odds {
        /// Of a hundred verdicts.
        var again = 20
        var refused = 5
    }

    private struct Job {
        var position: Int
        var place: UnsafeRawBufferPointer
        var copy: [UInt8]
        var id: String?
    }

    let width: Int?
    private let odds: Odds
    private var random: SeededGenerator
    private var jobs: [Job] = []
    /// Bodies of messages that were done, refused and tried again.
    private(set) var done: [String] = []
    private(set) var refused: [String] = []
    private(set) var retries = 0
    /// Messages whose bytes were others when their verdict came.
    private(set) var damaged = 0
    private(set) var mostAtOnce = 0
    private(set) var abandoned = 0
    /// Says nothing any more.
    var isStuck = false
    /// Called when so many were done.
    var afterDone: (count: Int, action: () -> Void)?

    let gap = Batch.Gap(before: 3, after: 5)
    let needsProperties = true
    var due: Deadline { jobs.isEmpty || isStuck ? .never : .after(.microseconds(300)) }

    init(width: Int, seed: UInt64, odds: Odds = Odds()) {
        self.width = width
        self.odds = odds
        random = SeededGenerator(seed: seed)
    }

    func room() -> Int { width! - jobs.count }

    func begin(_ batch: inout Batch, _ range: Range<Int>, at position: Int, stop: StopFlag) -> Begun {
        for index in range {
            let body = batch.bytes(of: index)
            jobs.append(
                Job(position: position + index - range.lowerBound, place: body, copy: Array(body), id: batch.properties(of: index).id))
        }
        mostAtOnce = max(mostAtOnce, jobs.count)
        return Begun(messages: range.count)
    }

    func collect(_ verdicts: inout [Verdict], _ lull: Lull) throws(TransportError) {
        if isStuck { return }
        // The oldest often stays behind.
        let count = Int.random(in: 0...jobs.count, using: &random)
        for _ in 0..<count {
            let job = jobs.remove(at: Int.random(in: jobs.count / 3..<jobs.count, using: &random))
            if !job.place.elementsEqual(job.copy) { damaged += 1 }
            verdicts.append(Verdict(job.position..<job.position + 1, fate(of: String(decoding: job.copy, as: UTF8.self))))
        }
        if let afterDone, done.count >= afterDone.count { afterDone.action() }
    }

    private func fate(of body: String) -> Verdict.Fate {
        switch Int.random(in: 0..<100, using: &random) {
        case ..<odds.again:
            retries += 1
            return .again(after: .zero)
        case ..<(odds.again + odds.refused):
            refused.append(body)
            return .refused(TransportError(.malformed, "no good"))
        default:
            done.append(body)
            return .done
        }
    }

    func abandon() {
        abandoned = jobs.count
        jobs = []
    }
}
