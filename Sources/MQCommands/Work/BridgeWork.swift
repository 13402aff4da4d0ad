import MQCore

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
    /// How many go to a destination at a time, where several share.
    private static let portion = 10

    let gap = Batch.Gap()
    let needsProperties: Bool
    var width: Int? { plan.window }

    let plan: Plan
    let destinations: [BridgeDestination]
    let sieve: BridgeSieve?
    private let console: Console
    private let stop: StopFlag
    private let turn: Turn
    private var dropped: [DroppedProperties]
    private var pace: Pace?
    private let looks: Bool
    private var copies = BridgeCopies()
    private var ready: [Verdict] = []
    /// Messages without a verdict.
    private var open = 0
    /// The mean size of those that came last.
    private var meanSize = 0
    /// Those of each destination.
    private var carried: [Int]
    private var hasFailed: [Bool]
    /// What a destination could not deliver, for another.
    private var homeless: [BridgeLoad] = []
    private var failure: TransportError?
    private var isLeaving = false
    private var isWaitingForPace = false
    private var hasWarnedOfCopies = false
    private(set) var filtered = 0
    private(set) var passed = 0

    /// - Parameter source: what its messages carry decides what is looked at.
    init(
        _ plan: Plan, from source: Descriptor, to destinations: [BridgeDestination], sieve: BridgeSieve?, turn: Turn, stop: StopFlag,
        console: Console
    ) {
        (self.plan, self.destinations, self.sieve) = (plan, destinations, sieve)
        (self.turn, self.stop, self.console) = (turn, stop, console)
        let carries = !source.capabilities.isDisjoint(with: [.priority, .type, .attributes, .group, .frames])
        needsProperties = carries || plan.conditions.contains(where: \.needsProperties) || sieve?.needsProperties == true
        looks = !plan.conditions.isEmpty || plan.pattern != nil || (plan.marks.maxHops > 0 && source.capabilities.contains(.attributes))
        dropped = destinations.map { DroppedProperties(for: $0.address.descriptor) }
        pace = plan.pace.map { Pace(perSecond: $0) }
        carried = destinations.map { _ in 0 }
        hasFailed = destinations.map { _ in false }
    }

    deinit {
        for destination in destinations {
            destination.order(.giveBack)
            destination.order(.close)
        }
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
    private var share: Int {
        if plan.isDry { return window - open }
        let isUp = destinations.map { $0.figures.isUp }
        if plan.copies || destinations.count == 1 { return isUp.allSatisfy { $0 } ? max(0, window - open) : 0 }
        let each = max(1, window / destinations.count)
        return destinations.indices.reduce(0) { $0 + (isUp[$1] && !hasFailed[$1] ? max(0, each - carried[$1]) : 0) }
    }

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
        if plan.copies { copies.begin(position..<position + range.count, copies: destinations.count) }
        var next = range.lowerBound
        while next < range.upperBound {
            let fate = looks ? fate(of: batch, next) : nil
            var end = looks ? next + 1 : range.upperBound
            if fate == nil { while end < range.upperBound && self.fate(of: batch, end) == nil { end += 1 } }
            let first = position + next - range.lowerBound
            if let fate {
                if case .done = fate { filtered += 1 }
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
        passed += range.count
        if plan.isDry { return decide(position..<position + range.count, .done) }
        if plan.copies {
            for index in destinations.indices { add(batch, range, at: position, to: index, isMarked: isMarked) }
            return
        }
        var next = range.lowerBound
        while next < range.upperBound {
            let (index, most) = choose(range.upperBound - next)
            let end = min(range.upperBound, next + most)
            add(batch, next..<end, at: position + next - range.lowerBound, to: index, isMarked: isMarked)
            next = end
        }
    }

    private func add(_ batch: borrowing Batch, _ range: Range<Int>, at position: Int, to index: Int, isMarked: Bool) {
        carried[index] += range.count
        let destination = destinations[index]
        destination.add(batch, range, at: position, change: isMarked ? nil : plan.marks.change(for: destination.address.descriptor))
    }

    /// The destination with the least to do of those that go on, and how many of so many messages it is to get.
    private func choose(_ count: Int) -> (index: Int, most: Int) {
        if destinations.count == 1 { return (0, count) }
        let alive = destinations.indices.filter { !hasFailed[$0] }
        let up = alive.filter { destinations[$0].figures.isUp }
        let able = up.isEmpty ? alive : up
        let index = able.min { carried[$0] < carried[$1] } ?? 0
        let each = max(Self.portion, (count / max(1, able.count) + Self.portion - 1) / Self.portion * Self.portion)
        return (index, each)
    }

    /// Gives a destination what another could not deliver.
    private func rehouse() {
        guard !homeless.isEmpty, destinations.indices.contains(where: { !hasFailed[$0] && destinations[$0].figures.isUp }) else { return }
        for load in homeless {
            passed -= load.count
            load.forEachRun(0..<load.count) { pass(load.batch, $0, at: $1.lowerBound, isMarked: true) }
        }
        homeless = []
    }

    // MARK: - Hearing

    func collect(_ verdicts: inout [Verdict], _ lull: Lull) throws(TransportError) {
        if stop.isRaised { leave() }
        if let sieve { hear(sieve) }
        for index in destinations.indices {
            if lull != .none { destinations[index].hurry() }
            if let news = destinations[index].takeNews() { hear(news, index) }
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
            carried[index] -= verdict.positions.count
            settle(verdict, index)
        }
        if news.failure != nil { hasFailed[index] = true }
        for load in news.returned { giveUp(load, index) }
        for remark in news.remarks { console.warn(remark) }
        guard let error = news.failure else { return }
        if let load = destinations[index].takeLoad() { giveUp(load, index) }
        let goesOn = !plan.copies && hasFailed.contains(false)
        if goesOn { console.warn("\(error.sentence); going on with the others") } else { failure = failure ?? error }
    }

    /// What a destination does not deliver goes to another, or back.
    private func giveUp(_ load: BridgeLoad, _ index: Int) {
        carried[index] -= load.count
        if !plan.copies && destinations.count > 1 && !isLeaving && hasFailed.contains(false) { return homeless.append(load) }
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
        guard !hasWarnedOfCopies, verdict.positions.contains(where: { copies.isPartlyThere($0, copies: destinations.count) }) else {
            return
        }
        if case .done = verdict.fate { return }
        hasWarnedOfCopies = true
        console.warn("\(destinations[index].name) did not take what another destination has: when it is tried again, it comes twice there")
    }

    private func hear(_ sieve: BridgeSieve) {
        guard let news = sieve.takeNews() else { return }
        for load in news.kept { load.forEachRun(0..<load.count) { pass(load.batch, $0, at: $1.lowerBound, isMarked: false) } }
        for range in news.filtered {
            filtered += range.count
            decide(range, .done)
        }
        for verdict in news.verdicts { decide(verdict.positions, verdict.fate) }
        failure = failure ?? news.failure
    }

    // MARK: - The end

    func finish(stop: StopFlag) throws(TransportError) {
        if stop.isRaised { return leave() }
        for destination in destinations { destination.order(.finish) }
    }

    /// What was not handed over goes back.
    private func leave() {
        guard !isLeaving else { return }
        isLeaving = true
        sieve?.giveBack()
        for destination in destinations { destination.order(.giveBack) }
        for load in homeless { load.forEachRun(0..<load.count) { settle(Verdict($1, .again(after: .zero)), 0) } }
        homeless = []
    }

    func abandon() { leave() }

    /// Closes the destinations, once every message has its verdict.
    /// - Throws: what did not leave the process.
    func close() throws(TransportError) {
        sieve?.end()
        if stop.isRaised { leave() }
        for destination in destinations { destination.order(.close) }
        var isClosed = hasFailed
        while isClosed.contains(false) {
            turn.begin()
            if stop.isRaised { for destination in destinations { destination.leaving.raise() } }
            var isNews = false
            for index in destinations.indices where !isClosed[index] {
                guard let news = destinations[index].takeNews() else { continue }
                isNews = true
                for remark in news.remarks { console.warn(remark) }
                failure = failure ?? news.failure
                isClosed[index] = news.isClosed || news.failure != nil
            }
            if !isNews { _ = Readiness.wait(for: 0, on: -1, until: .never, stop: turn.flag) }
        }
        if let failure { throw failure }
    }

    // MARK: - Figures

    /// "1,204 forwarded, 12 pending, 3 unconfirmed": what is not there is left out but for the first.
    func summary(deadLettered: Int, reconnects: Int) -> String {
        let figures = destinations.map(\.figures)
        let sum = { (path: KeyPath<BridgeDestination.Figures, Int>) in figures.reduce(0) { $0 + $1[keyPath: path] } }
        let unconfirmed = sum(\.unconfirmed)
        let parts = [
            (max(0, open - unconfirmed), "pending"), (unconfirmed, "unconfirmed"), (filtered, "filtered"), (deadLettered, "dead-lettered"),
        ]
        var text = "\(Quantity.grouped(sum(\.forwarded))) forwarded"
        for (number, word) in parts where number > 0 { text += ", \(Quantity.grouped(number)) \(word)" }
        let again = sum(\.reconnects) + reconnects
        if again > 0 { text += ", \(Quantity.count(again, "reconnect"))" }
        return text
    }
}
