import Glibc
import MQCore

/// Endpoints where nobody is, in the words of both engines.
enum Absence {
    /// How long an endpoint may be without anybody before that is said unasked.
    static let patience = Duration.seconds(3)
    /// As many endpoints are named.
    static let most = 3

    /// Why nobody is there, such as `connection refused at tcp://a:1`.
    /// - Parameter error: the error number of the last attempt; `nil` while there is no answer to it.
    static func words(_ endpoint: String, _ error: CInt?) -> String {
        switch error {
        case nil, ETIMEDOUT: "no answer from \(endpoint)"
        case let number?: "\(SystemError.words(number)) at \(endpoint)"
        }
    }

    /// The same for the first few of `endpoints`; `nil` where there are none.
    static func words<Place>(_ endpoints: [Place], _ look: (Place) -> (endpoint: String, error: CInt?)) -> String? {
        guard !endpoints.isEmpty else { return nil }
        let named = endpoints.prefix(most).map { place in
            let found = look(place)
            return words(found.endpoint, found.error)
        }
        return named.joined(separator: ", ") + (endpoints.count > most ? ", and \(endpoints.count - most) more" : "")
    }

    /// That nobody subscribes to what is sent all the same.
    static func noSubscriber(_ why: String?) -> String {
        "no subscriber came within \(Quantity.words(ZMQSender.patience))\(why.map { " (\($0))" } ?? ""); messages go to nobody until one does"
    }

    /// What is said while nobody is there: at first to those who ask for details, after a while to everybody.
    static func event(_ endpoint: String, _ error: CInt?, isLong: Bool) -> ConnectionEvent {
        let what = isLong ? "nobody at \(endpoint) yet (\(reason(error)))" : "nobody at \(endpoint) yet"
        return ConnectionEvent(.absent, at: endpoint, isWarning: isLong, "\(what), trying on")
    }

    private static func reason(_ error: CInt?) -> String { error.map(SystemError.words) ?? "no answer" }
}

extension TransportError {
    /// - Parameter why: what is known of the endpoints.
    static func noPeer(_ why: String?) -> TransportError {
        TransportError(
            .unreachable, "no peer is connected" + (why.map { ": \($0)" } ?? ""), hint: "is the other end running?")
    }
}
