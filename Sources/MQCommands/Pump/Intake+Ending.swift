import MQCore

/// What the end of an intake is called.
extension Intake {
    func ending(_ end: End) -> Ending {
        if case .stopped(let reason) = end { return reason.signal.map { .signal($0) } ?? .success }
        if limits.persistence != nil {
            if let count = limits.count, done < count {
                return .negative("\(Quantity.grouped(done)) of \(Quantity.count(count, "message")) done")
            }
            guard case .timedOut = end, limits.timeout != nil, !limits.drains else { return .success }
        }
        return switch end {
        case .ended where limits.timeout != .zero || limits.drains: ended
        case .ended, .timedOut: timedOut
        case .complete, .timeUp, .stopped: .success
        }
    }

    /// Why nothing can have come, which says more than that nothing came, and leaves open whether there is anything.
    func absence(_ end: End) -> TransportError? {
        if case .complete = end { return nil }
        if case .stopped = end { return nil }
        guard done == 0, var error = receiver.absence else { return nil }
        if let timeout = limits.timeout, timeout > .zero, !limits.drains { error.message += "; waited \(Quantity.words(timeout))" }
        return error
    }

    /// The ending where that is so: a failure, unless an end at some time, or after some silence, is what was asked for.
    func ending(_ end: End, _ absence: TransportError?) throws(TransportError) -> Ending {
        guard let absence else { return ending(end) }
        guard limits.drains || limits.persistence == nil else {
            console.warn(absence.sentence)
            return ending(end)
        }
        throw absence
    }

    /// Whether a drain has found something: what was moved to the dead letters was there, too.
    private var hasDone: Bool { done > 0 || (deadLetters?.moved ?? 0) > 0 }

    private var ended: Ending {
        if let count = limits.count, done < count {
            return .negative("\(Quantity.grouped(done)) of \(Quantity.count(count, "message")) received")
        }
        return hasDone || !limits.drains ? .success : .negative("no message")
    }

    private var timedOut: Ending {
        if let count = limits.count {
            return .negative(
                "\(Quantity.grouped(done)) of \(Quantity.count(count, "message")) received"
                    + (limits.drains || limits.timeout == .zero ? "" : "; waited \(Quantity.words(limits.timeout!))"))
        }
        if limits.drains { return hasDone ? .success : .negative("no message") }
        if limits.timeout == .zero { return .negative("no \(done == 0 ? "" : "further ")message") }
        return .negative("no \(done == 0 ? "" : "further ")message within \(Quantity.words(limits.timeout!))")
    }
}
