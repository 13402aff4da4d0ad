internal import MQCore

/// An error frame: a word, then words for a person ("E_BAD_TOPIC MPUB topic name …").
struct ServerError {
    let word: String
    let text: String

    init(_ text: String) {
        self.text = text
        word = String(text.prefix { $0 != " " })
    }

    /// Errors after which nsqd keeps the connection (every other ends it).
    var keepsConnection: Bool { word == "E_FIN_FAILED" || word == "E_REQ_FAILED" || word == "E_TOUCH_FAILED" }

    /// Whether another nsqd, or this one later, may well accept the same.
    var isTemporary: Bool { word == "E_PUB_FAILED" || word == "E_MPUB_FAILED" || word == "E_DPUB_FAILED" || word == "E_SUB_FAILED" }

    /// The limit in "E_BAD_MESSAGE MPUB message too big 2000 > 1000"; `nil` when the error speaks of something else, or of a body of several messages.
    var sizeLimit: Int? {
        guard word == "E_BAD_MESSAGE", text.holds(" too big "), let last = text.split(separator: " ").last else { return nil }
        return Int(last).flatMap { $0 > 0 ? $0 : nil }
    }

    /// The id in those that keep the connection: "E_FIN_FAILED FIN 0a1b… failed …".
    var messageID: MessageID? {
        guard keepsConnection, let digits = text.split(separator: " ").first(where: { $0.utf8.count == MessageID.size }) else { return nil }
        return Array(digits.utf8).withUnsafeBytes { $0.loadUnaligned(as: MessageID.self) }
    }

    /// As the product's error.
    var error: TransportError {
        let said = "nsqd refused: \(text)"
        switch word {
        case "E_BAD_TOPIC", "E_BAD_CHANNEL": return TransportError(.usage, said)
        case "E_BAD_MESSAGE", "E_BAD_BODY":
            return TransportError(.unsendable, said, hint: "nsqd's -max-msg-size and -max-body-size limit what it takes")
        case "E_UNAUTHORIZED": return TransportError(.permission, said, hint: "the secret does not allow this topic or channel")
        case "E_AUTH_FIRST":
            return TransportError(.permission, "this nsqd requires a secret", hint: "auth-file=FILE, or MQ_NSQ_AUTH in the environment")
        case "E_AUTH_FAILED": return TransportError(.permission, said, hint: "is the secret right? it is in auth-file=, or in MQ_NSQ_AUTH")
        case "E_AUTH_ERROR", "E_AUTH_DISABLED": return TransportError(.permission, said)
        case "E_INVALID" where text.holds("TLS required"):
            return TransportError(
                .permission, "this nsqd requires TLS", hint: "add the option tls; tls-ca=FILE names the authorities to trust")
        case "E_BAD_PROTOCOL": return TransportError(.protocolViolation, said)
        case "E_IDENTIFY_FAILED": return TransportError(.configuration, said)
        default: return TransportError(isTemporary ? .tryAgain : .failure, said, isRetriable: isTemporary)
        }
    }
}
