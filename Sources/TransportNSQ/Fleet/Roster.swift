internal import MQCore

/// Which nsqds an endpoint is connected to, which it misses, and when to try those again.
///
/// A value without sockets and without a clock: it is told what happened and when, and answers with what is to be done.
struct Roster {
    enum Action {
        case warn(String)
        case detail(String)
        /// Somebody is to be connected, now or later: the connector looks at `next`.
        case wakeConnector
        /// The owner may have to give up.
        case wakeOwner
    }

    enum Step {
        case connect(Route)
        /// Nothing is due before this moment.
        case sleep(until: Deadline)
    }

    /// A peer without a connection.
    private struct Absent {
        var route: Route
        var due: UInt64
        var error: TransportError?
        /// Comes back though nobody asked for that, if it comes at once.
        var isRequired = false
    }

    /// How a peer has failed since it last did what it is there for.
    private struct Trouble {
        var pause = Roster.firstPause
        var message: String
    }

    /// How long a connection that broke is restored; `nil` is not at all.
    let retry: Duration?
    /// Whether nsqds are looked for, and whether to wait while there is none.
    let discovers: Bool
    let isPatient: Bool
    /// Whether topics come and go: without any it waits, unless something went wrong.
    let isOpenEnded: Bool
    /// How many connections there must be to go on.
    let needed: Int
    /// By which a pause is multiplied.
    var jitter: @Sendable () -> Double = { .random(in: 0.5...1) }

    private(set) var present: [Route] = []
    private var absent: [Absent] = []
    private var troubles: [Route: Trouble] = [:]
    /// Since when what is needed has not been there, and working.
    private var troubledSince: UInt64?
    private(set) var lastError: TransportError?
    /// What no patience mends.
    private var end: TransportError?

    private static let firstPause = 0.05
    private static let longestPause = 15.0
    private static let second: UInt64 = 1_000_000_000

    init(retry: Duration?, discovers: Bool = false, isPatient: Bool = false, isOpenEnded: Bool = false, needed: Int = 1) {
        (self.retry, self.discovers, self.isPatient, self.needed) = (retry, discovers, isPatient, needed)
        self.isOpenEnded = isOpenEnded
    }

    var isDeserted: Bool { present.isEmpty && absent.isEmpty }
    var missesSomebody: Bool { !absent.isEmpty }

    // MARK: - What happens

    /// One of the address could not be reached at the beginning; others may do.
    mutating func missed(_ route: Route, _ error: TransportError, at now: UInt64) -> [Action] {
        lastError = error
        troubles[route] = Trouble(pause: 1, message: error.message)
        absent.append(Absent(route: route, due: now + Self.second, error: error))
        if present.count < needed { troubledSince = troubledSince ?? now }
        return [.warn("\(error.message); going on without it until it comes back")]
    }

    /// There was none of the address at the beginning: it joins whether it was missed or not.
    mutating func began(with route: Route) { present.append(route) }

    /// Why there is no connection: how it broke, or how the last attempt failed.
    func trouble(with route: Route) -> String? { troubles[route]?.message }

    /// A connection stands.
    /// - Returns: whether it is wanted; it may have been given up in the meantime.
    mutating func connected(_ route: Route) -> Bool {
        guard let place = absent.firstIndex(where: { $0.route == route }) else { return false }
        absent.remove(at: place)
        present.append(route)
        return true
    }

    /// It does what it is there for; that it could be connected proves nothing.
    mutating func acknowledged(_ route: Route) {
        troubles[route] = nil
        if present.count >= needed { troubledSince = nil }
    }

    /// A connection broke.
    /// - Parameters:
    ///   - wasSound: whether it had done what it is there for.
    ///   - isRequired: whether it comes back though nobody asked for that: it broke by what was sent on it.
    mutating func lost(_ route: Route, _ error: TransportError, wasSound: Bool, isRequired: Bool = false, at now: UInt64) -> [Action] {
        if wasSound { acknowledged(route) }
        if let place = present.firstIndex(of: route) { present.remove(at: place) }
        if isOpenEnded && error.code == .noSuchQueue {
            return [.warn("\(route.text): \(error.message); going on with \(present.isEmpty ? "those to come" : "the others")")]
        }
        lastError = error
        if present.count < needed { troubledSince = troubledSince ?? now }
        if !error.isRetriable && error.code != .unreachable {
            guard present.isEmpty else { return [.warn("\(route.text): \(error.message); going on with the others")] }
            // Whoever hears of it as the end need not hear of it before.
            end = error
            return []
        }
        guard isRequired || retry != nil || discovers || !isDeserted else { return [] }
        var due = now
        var isNews = true
        if var trouble = troubles[route] {
            isNews = trouble.message != error.message
            trouble = Trouble(pause: min(trouble.pause * 2, Self.longestPause), message: error.message)
            troubles[route] = trouble
            due += UInt64(trouble.pause * jitter() * 1e9)
        } else {
            troubles[route] = Trouble(message: error.message)
        }
        // Of an nsqd with many subscriptions one is heard of.
        if absent.contains(where: { $0.route.peer == route.peer && $0.error?.message == error.message }) { isNews = false }
        absent.append(Absent(route: route, due: due, error: error, isRequired: isRequired && retry == nil))
        let words = "\(route.text): \(error.message); \(present.isEmpty ? "trying again" : "going on with the others")"
        return [isNews && !isRequired ? .warn(words) : .detail(words), .wakeConnector]
    }

    /// An attempt to connect failed.
    mutating func failed(_ route: Route, _ error: TransportError, at now: UInt64) -> [Action] {
        guard let place = absent.firstIndex(where: { $0.route == route }) else { return [] }
        var trouble = troubles[route] ?? Trouble(message: error.message)
        trouble.pause = min(trouble.pause * 2, Self.longestPause)
        troubles[route] = trouble
        absent[place].error = error
        absent[place].due = now + UInt64(trouble.pause * jitter() * 1e9)
        let isGivenUp = absent[place].isRequired || !error.isRetriable
        absent[place].isRequired = false
        return isGivenUp ? [.wakeOwner] : []
    }

    /// Those there are now. One that nobody knows any more is not tried again; while its connection stands, it is there.
    mutating func found(_ routes: [Route]) {
        absent.removeAll { !routes.contains($0.route) }
        let known = Set(present + absent.map(\.route))
        for route in routes where !known.contains(route) { absent.append(Absent(route: route, due: 0)) }
    }

    mutating func disband() { (present, absent) = ([], []) }

    // MARK: - What is to be done

    /// For the connector.
    func next(at now: UInt64) -> Step {
        guard let first = absent.min(by: { $0.due < $1.due }) else { return .sleep(until: .never) }
        return first.due <= now ? .connect(first.route) : .sleep(until: Deadline(nanoseconds: first.due))
    }

    /// Why it is over: too few connections are left, and none is coming back in time.
    func verdict(at now: UInt64) -> TransportError? {
        guard present.count < needed else { return nil }
        if let end { return end }
        if let error = absent.lazy.compactMap(\.error).first(where: { !$0.isRetriable && $0.code != .unreachable }) { return error }
        if isOpenEnded && lastError == nil { return nil }
        let error = lastError ?? TransportError(.unreachable, "no nsqd is there", isRetriable: true)
        if let limit { return now > limit.nanoseconds ? error : nil }
        return isPatient || absent.contains(where: \.isRequired) ? nil : error
    }

    /// Why there is nothing to begin with.
    var verdictAtStart: TransportError? {
        present.isEmpty && !isPatient && !(isOpenEnded && lastError == nil)
            ? lastError ?? TransportError(.unreachable, "no nsqd", isRetriable: true) : nil
    }

    /// When patience ends.
    var limit: Deadline? {
        guard let retry, let troubledSince, present.count < needed else { return nil }
        let (sum, overflow) = troubledSince.addingReportingOverflow(retry.nanoseconds)
        return overflow ? .never : Deadline(nanoseconds: sum)
    }
}
