import MQCore

/// What a proxy is, by the types of its two ends.
enum RelayKind: String, CaseIterable, Sendable {
    /// Messages of publishers to whoever subscribed, and subscriptions the other way.
    case forwarder
    /// Messages of senders to one receiver each.
    case streamer
    /// Requests to one server each, and replies to whoever asked.
    case queue

    var types: (front: SocketType, back: SocketType) {
        switch self {
        case .forwarder: (.xsub, .xpub)
        case .streamer: (.pull, .push)
        case .queue: (.router, .dealer)
        }
    }

    /// From the types that the addresses name; one of them is enough.
    /// - Throws: `usage`, naming the pairs there are.
    init(front: SocketType?, back: SocketType?) throws(TransportError) {
        let fitting = Self.allCases.first { kind in
            (front ?? kind.types.front) == kind.types.front && (back ?? kind.types.back) == kind.types.back
        }
        guard let fitting, front != nil || back != nil else { throw Self.misfit(front, back) }
        self = fitting
    }

    private static func misfit(_ front: SocketType?, _ back: SocketType?) -> TransportError {
        let pairs = allCases.map { "\($0.types.front.rawValue) and \($0.types.back.rawValue) (\($0.rawValue))" }
        let list = pairs.dropLast().joined(separator: ", ") + " or " + pairs.last!
        let complaint =
            switch (front, back) {
            case (let front?, let back?): "\(front.rawValue) in front and \(back.rawValue) behind do not make a proxy"
            case (let front?, nil): "a proxy has no \(front.rawValue) socket in front"
            case (nil, let back?): "a proxy has no \(back.rawValue) socket behind"
            case (nil, nil): "neither address names its socket type"
            }
        return TransportError(.usage, complaint, hint: "FRONT and BACK are \(list)")
    }
}
