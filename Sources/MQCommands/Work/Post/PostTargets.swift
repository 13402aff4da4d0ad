import MQCore

/// Which URL the next message goes to: in turn, leaving out those that do not answer until they do again.
///
/// A URL rests after it failed, twice as long each time. Then it is asked for its health, or else tried with a single message.
/// Moments are nanoseconds of the monotonic clock, given by the caller.
struct PostTargets {
    struct Plan {
        /// Messages under way at once, over all URLs.
        var width = 1
        /// Each URL has an address that says whether it is well; nothing is posted before it did.
        var asksHealth = false
        /// How long no URL may be well before that is given up; `nil` is as long as it takes.
        var limit: Duration?
        /// The first rest; the longest is 16 times as long with health to ask for, else 64 times, and at most five minutes.
        var rest = Duration.seconds(1)
    }

    /// What became of a request, as far as it tells something about the URL.
    enum Sign {
        /// An answer, whatever its status.
        case well
        /// Nobody there: no message has reached it.
        case absent
        /// No answer in time, a connection that broke, a proxy without a server behind it: it may have been the message's fault.
        case ailing
    }

    enum Change: Equatable {
        case rests(Duration)
        case isWell
    }

    private struct Target {
        enum State { case well, resting(until: UInt64), asked, tried }
        var state: State
        /// Requests under way.
        var open = 0
        /// Since it was well last.
        var failures = 0
        var rests = 0
    }

    /// So many failures in a row that could be the messages' own fault show that the only URL there is does not work.
    static let patience = 3
    private static let longestRest = Duration.seconds(300)

    private let plan: Plan
    private var targets: [Target]
    private var next = 0
    /// Since when no URL is well.
    private var downSince: UInt64?

    init(count: Int, _ plan: Plan, now: UInt64) {
        self.plan = plan
        targets = Array(repeating: Target(state: plan.asksHealth ? .resting(until: now) : .well), count: count)
        downSince = plan.asksHealth ? now : nil
    }

    var open: Int { targets.reduce(0) { $0 + $1.open } }

    /// How many more messages can be posted now.
    func room(now: UInt64) -> Int {
        min(plan.width - open, targets.reduce(0) { $0 + room($1, now) })
    }

    /// Each URL has its share of the requests, so that one that hangs does not take them all.
    private func room(_ target: Target, _ now: UInt64) -> Int {
        switch target.state {
        case .well: max(0, share - target.open)
        case .resting(let until): plan.asksHealth || until > now || target.open > 0 ? 0 : 1
        case .asked, .tried: 0
        }
    }

    private var share: Int {
        let well = targets.count { if case .well = $0.state { true } else { false } }
        return (plan.width + well - 1) / max(well, 1)
    }

    /// Takes the URL for the next message, leaving out those of `tried`; `nil` when there is none.
    mutating func pick(now: UInt64, besides tried: Set<Int> = []) -> Int? {
        guard open < plan.width else { return nil }
        for offset in targets.indices {
            let index = (next + offset) % targets.count
            guard !tried.contains(index), room(targets[index], now) > 0 else { continue }
            if case .resting = targets[index].state { targets[index].state = .tried }
            targets[index].open += 1
            next = (index + 1) % targets.count
            return index
        }
        return nil
    }

    /// A request that `pick` led to has ended, after `time`.
    mutating func ended(_ index: Int, _ sign: Sign, after time: Duration, now: UInt64) -> Change? {
        targets[index].open -= 1
        return note(index, sign, after: time, now: now)
    }

    /// A request was dropped before it could tell anything.
    mutating func dropped(_ index: Int) {
        targets[index].open -= 1
        if case .tried = targets[index].state { targets[index].state = .resting(until: 0) }
    }

    private mutating func note(_ index: Int, _ sign: Sign, after time: Duration, now: UInt64) -> Change? {
        switch (sign, targets[index].state) {
        case (.well, .well):
            targets[index].failures = 0
            return nil
        case (.well, .resting) where plan.asksHealth, (.well, .asked):
            // It answered what was under way when it began to rest; its health is still to be asked for.
            return nil
        case (.well, _): return recover(index)
        // What was under way when it began to rest fails, too.
        case (_, .resting), (_, .asked): return nil
        case (_, .tried): return rest(index, after: time, now: now)
        case (.absent, .well): return rest(index, after: time, now: now)
        case (.ailing, .well):
            targets[index].failures += 1
            let isEnough = targets[index].failures >= (targets.count > 1 ? 1 : Self.patience)
            return isEnough ? rest(index, after: time, now: now) : nil
        }
    }

    private mutating func recover(_ index: Int) -> Change {
        (targets[index].state, targets[index].failures, targets[index].rests) = (.well, 0, 0)
        downSince = nil
        return .isWell
    }

    /// A try with a message costs a place among those at work for as long as it takes: a rest is ten times as long.
    private mutating func rest(_ index: Int, after time: Duration, now: UInt64) -> Change {
        let factor = 1 << min(targets[index].rests, plan.asksHealth ? 4 : 6)
        var length = plan.rest * factor
        if !plan.asksHealth && targets.count > 1 { length = max(length, time * 10) }
        length = min(length, Self.longestRest)
        targets[index].rests += 1
        targets[index].state = .resting(until: now &+ length.nanoseconds)
        if downSince == nil, !targets.contains(where: { if case .well = $0.state { true } else { false } }) { downSince = now }
        return .rests(length)
    }

    // MARK: - Health

    /// The URLs that are to be asked now.
    mutating func toAsk(now: UInt64) -> [Int] {
        guard plan.asksHealth else { return [] }
        var result: [Int] = []
        for index in targets.indices {
            guard case .resting(let until) = targets[index].state, until <= now else { continue }
            targets[index].state = .asked
            result.append(index)
        }
        return result
    }

    mutating func answered(_ index: Int, isWell: Bool, now: UInt64) -> Change {
        isWell ? recover(index) : rest(index, after: .zero, now: now)
    }

    /// Whether no URL has been well for longer than the limit.
    func isOverLimit(now: UInt64) -> Bool {
        guard let limit = plan.limit, let downSince else { return false }
        return now >= downSince && now - downSince >= limit.nanoseconds
    }

    /// When something is to be done though nothing has ended.
    func due(now: UInt64) -> Deadline {
        var moment = UInt64.max
        for target in targets {
            // One whose rest is over waits for a message, not for a time.
            if case .resting(let until) = target.state, plan.asksHealth || until > now { moment = min(moment, until) }
        }
        if let limit = plan.limit, let downSince { moment = min(moment, downSince &+ limit.nanoseconds) }
        return Deadline(nanoseconds: moment)
    }
}
