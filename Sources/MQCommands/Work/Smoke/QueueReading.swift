import MQCore

/// What asking about a queue brought.
enum QueueReading: Sendable {
    /// It serves clients: `Transport.probe` found nothing amiss.
    case answers
    case status(QueueStatus)
    /// Proven by an answer: there is no such queue.
    case missing(TransportError)
    /// Nothing is known: refused, not in time, not understood.
    case unknown(TransportError)

    var failure: TransportError? {
        switch self {
        case .missing(let error), .unknown(let error): error
        case .answers, .status: nil
        }
    }
}
