internal import Glibc
internal import MQCore
internal import Synchronization

/// The nsqds of one endpoint.
///
/// The roster decides who is to be connected; its lock is never held during input or output. The crew has the connections, and they belong
/// to whoever holds it. A new connection waits in `arrivals` until the crew takes it in.
///
/// The owner's thread moves the messages. The attendant holds the crew for a moment now and then while the owner does not, and keeps the
/// connections alive. The connector restores what broke, and looks for further nsqds.
final class Fleet<Team: Crew>: Sendable {
    /// How a connection becomes one of the fleet: a consumer subscribes.
    typealias Admission =
        @Sendable (Fleet, sending Connection, Route, Deadline, StopFlag) throws(TransportError) -> sending Team.Member

    let notices: Notices
    let crew: Mutex<Team>
    let ownerBell = Bell()
    let roster: Mutex<Roster>
    private let settings: ConnectionSettings
    private let discovery: Discovery?
    private let admission: Admission
    private let arrivals = Mutex<[Handover<Team.Member>]>([])
    private let ending = StopFlag()
    private let connectorBell = Bell()
    private let threads = Mutex((attendant: false, connector: false))

    private static var connectTimeout: Duration { .seconds(5) }

    init(
        _ crew: sending Team, _ settings: ConnectionSettings, discovery: Discovery?, opening: Opening, needed: Int = 1,
        admission: @escaping Admission
    ) {
        self.crew = Mutex(crew)
        var settings = settings
        settings.clocks = opening.clocks
        (self.settings, self.discovery, self.admission, notices) = (settings, discovery, admission, opening.notices)
        roster = Mutex(
            Roster(
                retry: opening.retry, discovers: discovery != nil, isPatient: discovery?.isPatient == true,
                isOpenEnded: discovery?.isOpenEnded == true, needed: needed))
    }

    /// Ends both threads and every connection.
    func disband() {
        roster.withLock { $0.disband() }
        arrivals.withLock { $0.removeAll() }
        crew.withLock { $0.links.removeAll() }
        ending.raise()
    }

    // MARK: - Beginning

    /// Makes the connections, and is content with some of them unless `all` are needed.
    /// - Throws: why there is no connection.
    func connect(to routes: [Route], all: Bool, until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        let isAlone = Set(routes.map(\.peer)).count == 1
        for route in routes {
            do throws(TransportError) {
                let link = try make(route, until: deadline, stop: stop)
                arrivals.withLock { $0.append(link) }
                roster.withLock { $0.began(with: route) }
            } catch {
                // What is wrong with the request is wrong everywhere.
                if all || stop.isRaised || !error.isRetriable || (isAlone && discovery?.isPatient != true) { throw error }
                perform(roster.withLock { $0.missed(route, error, at: now) })
            }
        }
        if let error = roster.withLock({ $0.verdictAtStart }) { throw error }
        if discovery != nil || roster.withLock({ $0.missesSomebody }) { startConnector() }
    }

    private func make(_ route: Route, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> Handover<Team.Member> {
        let bound = deadline.earlier(.after(Self.connectTimeout))
        let connection = try Connection(to: route.peer, settings, until: bound, stop: stop)
        return Handover(try admission(self, connection, route, bound, stop))
    }

    func takeArrival() -> sending Team.Member? {
        arrivals.withLock { $0.isEmpty ? nil : $0.removeFirst() }?.take()
    }

    // MARK: - What happens to connections

    func lost(_ route: Route, _ error: TransportError, wasSound: Bool, isRequired: Bool) {
        perform(roster.withLock { $0.lost(route, error, wasSound: wasSound, isRequired: isRequired, at: now) })
    }

    /// A connection does what it is there for.
    func acknowledged(_ route: Route) { roster.withLock { $0.acknowledged(route) } }

    /// - Throws: why it is over when too few connections are left and none is coming back in time.
    func requireHope() throws(TransportError) {
        if let error = roster.withLock({ $0.verdict(at: now) }) { throw error }
    }

    /// When patience with those that are missing ends.
    var patience: Deadline? { roster.withLock { $0.limit } }

    /// What went wrong last.
    var trouble: TransportError? { roster.withLock { $0.lastError } }

    private func perform(_ actions: [Roster.Action]) {
        for action in actions {
            switch action {
            case .warn(let text): notices.warn(text)
            case .detail(let text): notices.detail(text)
            case .wakeConnector: startConnector()
            case .wakeOwner: ownerBell.ring()
            }
        }
    }

    // MARK: - The attendant

    func attend() {
        let isNew = threads.withLock { threads in
            defer { threads.attendant = true }
            return !threads.attendant
        }
        if isNew { BackgroundThread.startOrEnd("mq-nsq-standby") { [self] in standBy() } }
    }

    private func standBy() {
        while !ending.isRaised {
            // Whoever holds the crew looks after the connections, and may leave at any time.
            let patrol = settings.clocks.deadline(after: .milliseconds(settings.patrol))
            let due = crew.withLockIfAvailable { crew in
                crew.takeIn(self)
                crew.tendWhenDue(ownerIsAway: true)
                return crew.links.isEmpty ? patrol : crew.nextDuty
            }
            let next = settings.clocks.bound(due ?? patrol)
            if case .stopped = Readiness.wait(for: 0, on: -1, until: next, stop: ending) { return }
        }
    }

    // MARK: - The connector

    private func startConnector() {
        connectorBell.ring()
        let isNew = threads.withLock { threads in
            defer { threads.connector = true }
            return !threads.connector
        }
        if isNew { BackgroundThread.startOrEnd("mq-nsq-connect") { [self] in keepConnected() } }
    }

    private func keepConnected() {
        // The first look was at the beginning; where it found nobody, the next is soon.
        var nextLook = discovery.map { moment(after: isDeserted ? min(.seconds(1), $0.interval) : $0.interval) } ?? .max
        while !ending.isRaised {
            if now >= nextLook, let discovery {
                look(discovery)
                nextLook = moment(after: isDeserted ? min(.seconds(1), discovery.interval) : discovery.interval)
            }
            connectorBell.silence()
            switch roster.withLock({ $0.next(at: now) }) {
            case .connect(let route): attempt(route)
            case .sleep(let until):
                let bound = settings.clocks.bound(until.earlier(Deadline(nanoseconds: nextLook)))
                if case .stopped = Readiness.wait(for: Int32(POLLIN), on: connectorBell.descriptor, until: bound, stop: ending) { return }
            }
        }
    }

    private var now: UInt64 { settings.clocks.monotonic() }

    /// Whether there is nobody, and nobody is expected.
    var isDeserted: Bool { roster.withLock { $0.isDeserted } }

    private func moment(after interval: Duration) -> UInt64 {
        now + UInt64(Double(interval.nanoseconds) * Double.random(in: 0.7...1.3))
    }

    private func look(_ discovery: Discovery) {
        do throws(TransportError) {
            let found = try discovery.find(.after(Self.connectTimeout), ending)
            roster.withLock { $0.found(found) }
        } catch {
            if !ending.isRaised { notices.detail(error.message) }
        }
    }

    private func attempt(_ route: Route) {
        do throws(TransportError) {
            let link = try make(route, until: .never, stop: ending)
            let reason = roster.withLock { $0.trouble(with: route) }
            guard roster.withLock({ $0.connected(route) }) else { return }
            arrivals.withLock { $0.append(link) }
            notices(.connection(ConnectionEvent(.restored, at: route.text, reason: reason, "connected to \(route.text)")))
            ownerBell.ring()
        } catch {
            perform(roster.withLock { $0.failed(route, error, at: now) })
        }
    }
}
