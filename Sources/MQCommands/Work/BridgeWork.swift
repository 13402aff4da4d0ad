import MQCore
import Synchronization

/// Passes messages on to other queues. One is done once its destination has confirmed it, or all of them have.
final class BridgeWork: Work {
    struct Plan {
        /// Every message goes to every destination; otherwise to one of them.
        var copies = false
        var marks = BridgeMarks()
        /// All of them must hold.
        var conditions: [MessageCondition] = []
        var pattern: BodyPattern?
        /// What a destination does not carry is an error.
        var isStrict = false
        var pace: Double?
        /// How many messages may be under way.
        var window = 4096
        /// Nothing is sent: messages that would be are counted.
        var isDry = false
    }

    /// The bytes that may be under way.
    private static let byteWindow = 1 << 23
    let gap = Batch.Gap()
    let needsProperties: Bool
    var width: Int? { plan.window }

    private let plan: Plan
    private let sieve: BridgeSieve?
    private let counters: BridgeCounters
    private var fan: BridgeFan
    private let console: Console
    private let stop: StopFlag
    private let turn: Turn
    private var dropped: [DroppedProperties]
    private var pace: Pace?
    private let looks: Bool
    private var copies = BridgeCopies()
    private var ready: [Verdict] = []
    /// Messages without a verdict.
    private var open = 0 { didSet { counters.open.store(open, ordering: .relaxed) } }
    /// The mean size of those that came last.
    private var meanSize = 0
    /// What a destination could not deliver, for another.
    private var homeless: [BridgeLoad] = []
    private var failure: TransportError?
    private var isLeaving = false
    private var isWaitingForPace = false
    private var hasWarnedOfCopies = false

    /// - Parameters:
    ///   - source: what its messages carry decides what is looked at.
    ///   - tally: told how to show what a bridge counts.
    init(
        _ plan: Plan, from source: Descriptor, to destinations: [BridgeDestination], sieve: BridgeSieve?, tally: Tally, turn: Turn,
        stop: StopFlag, console: Console
    ) {
        (self.plan, self.sieve, self.turn, self.stop, self.console) = (plan, sieve, turn, stop, console)
        fan = BridgeFan(destinations, copies: plan.copies)
        let carries = !source.capabilities.isDisjoint(with: [.priority, .type, .attributes, .group, .frames])
        needsProperties = carries || plan.conditions.contains(where: \.needsProperties) || sieve?.needsProperties == true
        looks = !plan.conditions.isEmpty || plan.pattern != nil || (plan.marks.maxHops > 0 && source.capabilities.contains(.attributes))
        dropped = destinations.map { DroppedProperties(for: $0.address.descriptor) }
        pace = plan.pace.map { Pace(perSecond: $0) }
        counters = BridgeCounters(destinations, isDry: plan.isDry)
        tally.present { [counters] in counters.figures($0, restored: $1) }
    }

    deinit {
        fan.order(.giveBack)
        fan.order(.close)
        sieve?.end()
    }

    // MARK: - Taking

    func room() -> Int {
        isWaitingForPace = false
        guard failure == nil, !isLeaving else { return 0 }
        var room = share
        // Many at a time: what is few is waited for.
        if open > 0 && room < max(1, window / 4) { return 0 }
        if room > 0, let due = paced {
            room = min(room, due)
            isWaitingForPace = room == 0
        }
        return room
    }

    /// How many are due by the pace: what was missed while a side was down is not made good all at once.
    private var paced: Int? {
        guard let rate = plan.pace, let due = pace?.due() else { return nil }
        if Double(due) <= max(1, rate) { return due }
        pace = Pace(perSecond: rate)
        return pace!.due()
    }

    /// How many may be under way.
    private var window: Int { max(1, min(plan.window, Self.byteWindow / max(1, meanSize))) }

    /// How many more may be under way.
    private var share: Int { plan.isDry ? window - open : fan.room(window, open: open) }

    var due: Deadline { isWaitingForPace ? pace!.nextDue : .never }

    func begin(_ batch: inout Batch, _ range: Range<Int>, at position: Int, stop: StopFlag) -> Begun {
        var (range, error) = (range, TransportError?.none)
        if let loss = loss(in: batch, range) {
            (range, error) = (
                range.lowerBound..<loss.index, TransportError(.unsendable, loss.sentence, hint: "without --strict it is sent without")
            )
        }
        open += range.count
        meanSize = batch.payloadBytes(range) / max(1, range.count)
        pace?.count(range.count)
        if plan.copies { copies.begin(position..<position + range.count, copies: fan.destinations.count) }
        var next = range.lowerBound
        while next < range.upperBound {
            let fate = looks ? fate(of: batch, next) : nil
            var end = looks ? next + 1 : range.upperBound
            if fate == nil { while end < range.upperBound && self.fate(of: batch, end) == nil { end += 1 } }
            let first = position + next - range.lowerBound
            if let fate {
                if case .done = fate { counters.filtered.add(1, ordering: .relaxed) }
                decide(first..<first + end - next, fate)
            } else {
                send(batch, next..<end, at: first)
            }
            next = end
        }
        return Begun(messages: range.count, error: error)
    }

    /// What a message carries that a destination does not: an error, or a word.
    private func loss(in batch: borrowing Batch, _ range: Range<Int>) -> (index: Int, sentence: String)? {
        guard batch.hasProperties else { return nil }
        for index in dropped.indices {
            if plan.isStrict {
                if let loss = dropped[index].firstLoss(in: batch, range) { return loss }
            } else {
                for warning in dropped[index].warnings(for: batch, range, name: { _ in "a message" }) { console.warn(warning) }
            }
        }
        return nil
    }

    /// What becomes of a message that does not go on.
    private func fate(of batch: borrowing Batch, _ index: Int) -> Verdict.Fate? {
        if !plan.conditions.allSatisfy({ $0.holds(batch, index) }) || plan.pattern?.matches(batch.bytes(of: index)) == false {
            return .done
        }
        return plan.marks.refusal(of: batch.properties(of: index)).map { .refused($0) }
    }

    private func decide(_ positions: Range<Int>, _ fate: Verdict.Fate) {
        if plan.copies { _ = copies.hear(Verdict(positions, .again(after: nil))) }
        ready.append(Verdict(positions, fate))
        open -= positions.count
    }

    // MARK: - Passing on

    private func send(_ batch: borrowing Batch, _ range: Range<Int>, at position: Int) {
        if let sieve { return sieve.add(batch, range, at: position) }
        pass(batch, range, at: position, isMarked: false)
    }

    private func pass(_ batch: borrowing Batch, _ range: Range<Int>, at position: Int, isMarked: Bool) {
        counters.passed.add(range.count, ordering: .relaxed)
        if plan.isDry { return decide(position..<position + range.count, .done) }
        if plan.copies {
            for index in fan.destinations.indices { add(batch, range, at: position, to: index, isMarked: isMarked) }
            return
        }
        var next = range.lowerBound
        while next < range.upperBound {
            let (index, most) = fan.choose(range.upperBound - next)
            let end = min(range.upperBound, next + most)
            add(batch, next..<end, at: position + next - range.lowerBound, to: index, isMarked: isMarked)
            next = end
        }
    }

    private func add(_ batch: borrowing Batch, _ range: Range<Int>, at position: Int, to index: Int, isMarked: Bool) {
        fan.add(range.count, to: index)
        let destination = fan.destinations[index]
        destination.add(batch, range, at: position, change: isMarked ? nil : plan.marks.change(for: destination.address.descriptor))
    }

    /// Gives a destination what another could not deliver.
    private func rehouse() {
        guard !homeless.isEmpty, fan.isReachable else { return }
        for load in homeless {
            counters.passed.subtract(load.count, ordering: .relaxed)
            load.forEachRun(0..<load.count) { pass(load.batch, $0, at: $1.lowerBound, isMarked: true) }
        }
        homeless = []
    }

    // MARK: - Hearing

    func collect(_ verdicts: inout [Verdict], _ lull: Lull) throws(TransportError) {
        if stop.isRaised { leave() }
        if let sieve { hear(sieve) }
        for (index, destination) in fan.destinations.enumerated() {
            if lull != .none { destination.hurry() }
            if let news = destination.takeNews() { hear(news, index) }
        }
        rehouse()
        swap(&verdicts, &ready)
        verdicts += ready
        ready.removeAll(keepingCapacity: true)
        if let failure {
            self.failure = nil
            leave()
            throw failure
        }
    }

    private func hear(_ news: BridgeDestination.News, _ index: Int) {
        for verdict in news.verdicts {
            fan.remove(verdict.positions.count, from: index)
            settle(verdict, index)
        }
        if news.failure != nil { fan.fail(index) }
        for load in news.returned { giveUp(load, index) }
        for remark in news.remarks { console.warn(remark) }
        guard let error = news.failure else { return }
        if let load = fan.destinations[index].takeLoad() { giveUp(load, index) }
        let goesOn = !plan.copies && fan.goesOn
        if goesOn { console.warn("\(error.sentence); going on with the others") } else { failure = failure ?? error }
    }

    /// What a destination does not deliver goes to another, or back.
    private func giveUp(_ load: BridgeLoad, _ index: Int) {
        fan.remove(load.count, from: index)
        if !plan.copies && fan.destinations.count > 1 && !isLeaving && fan.goesOn { return homeless.append(load) }
        load.forEachRun(0..<load.count) { settle(Verdict($1, .again(after: .zero)), index) }
    }

    private func settle(_ verdict: Verdict, _ index: Int) {
        var ranges = [verdict.positions]
        if plan.copies {
            warnOfCopies(verdict, index)
            ranges = copies.hear(verdict)
        }
        for range in ranges {
            open -= range.count
            ready.append(Verdict(range, verdict.fate))
        }
    }

    private func warnOfCopies(_ verdict: Verdict, _ index: Int) {
        guard !hasWarnedOfCopies, verdict.positions.contains(where: { copies.isPartlyThere($0, copies: fan.destinations.count) }) else {
            return
        }
        if case .done = verdict.fate { return }
        hasWarnedOfCopies = true
        console.warn(
            "\(fan.destinations[index].name) did not take what another destination has: when it is tried again, it comes twice there")
    }

    private func hear(_ sieve: BridgeSieve) {
        guard let news = sieve.takeNews() else { return }
        for load in news.kept { load.forEachRun(0..<load.count) { pass(load.batch, $0, at: $1.lowerBound, isMarked: false) } }
        for range in news.filtered {
            counters.filtered.add(range.count, ordering: .relaxed)
            decide(range, .done)
        }
        for verdict in news.verdicts { decide(verdict.positions, verdict.fate) }
        failure = failure ?? news.failure
    }

    // MARK: - The end

    func finish(stop: StopFlag) throws(TransportError) {
        if stop.isRaised { return leave() }
        fan.order(.finish)
    }

    /// What was not handed over goes back.
    private func leave() {
        guard !isLeaving else { return }
        isLeaving = true
        sieve?.giveBack()
        fan.order(.giveBack)
        for load in homeless { load.forEachRun(0..<load.count) { settle(Verdict($1, .again(after: .zero)), 0) } }
        homeless = []
    }

    func abandon() {
        leave()
        open = 0
    }

    func close() throws(TransportError) {
        sieve?.end()
        if stop.isRaised { leave() }
        try fan.close(turn, stop: stop, console: console)
    }
}
