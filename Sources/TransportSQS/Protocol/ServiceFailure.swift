internal import MQCore
internal import MQNet

/// Why the service did not do what it was asked.
struct ServiceFailure: Error {
    enum Kind {
        /// Slow down.
        case throttled
        /// The same may succeed in a moment: no connection, no answer, an internal error.
        case transient
        /// Nobody listens, or the name is unknown: tried again only briefly.
        case unreachable
        /// Our clock and the service's differ.
        case skewed
        case expiredCredentials
        /// The entries of a batch are too large together.
        case batchTooLong
        /// The service does not know the operation.
        case unknownOperation
        case final
    }

    var kind: Kind
    /// The service's word for it, without its namespace; empty where there is none.
    var code: String
    var error: TransportError
    /// Seconds since 1970 by the service's clock, where it told.
    var serviceTime: Int64?

    // MARK: - No reply

    init(_ failure: HTTPFailure) {
        switch failure.kind {
        case .refused, .unresolved: kind = .unreachable
        case .timedOut, .broken: kind = .transient
        case .tls, .other: kind = .final
        }
        code = ""
        error = failure.error
    }

    /// A reply that is no answer: cut short, or of something else than SQS.
    static func garbled(_ what: String) -> ServiceFailure {
        ServiceFailure(kind: .transient, code: "", error: TransportError(.protocolViolation, what, isRetriable: true))
    }

    init(kind: Kind, code: String, error: TransportError) {
        self.kind = kind
        self.code = code
        self.error = error
    }

    // MARK: - A reply that says no

    /// Reads an error in any of the forms that occur: JSON 1.0, the query protocol's header and XML, HTML of a proxy, nothing at all.
    /// - Parameter now: seconds since 1970 by our clock.
    init(_ reply: HTTPReply, operation: String, now: Int64) {
        let (code, message) = Self.words(reply)
        self.code = code
        serviceTime = reply.header("Date").flatMap { HTTPDate.seconds($0, now: now) }
        kind = Self.kind(code, reply.status, message, differs: serviceTime.map { abs($0 - now) > 240 } ?? false)
        // moto answers so where it has no move tasks; to ask again would not help, and could start a second one.
        if operation == "StartMessageMoveTask" && code.isEmpty && reply.status >= 500 { kind = .unknownOperation }
        let identity = (reply.header("x-amzn-RequestId") ?? reply.header("x-amz-request-id")).map { " [request \($0.brief)]" } ?? ""
        let name = code.isEmpty ? "status \(reply.status)" : code
        let said = message.isEmpty ? "" : ": \(message.brief)"
        let reason = Self.code(kind, code, reply.status)
        let words = reason == .noSuchQueue ? "no such queue" : "\(operation): \(name)\(said)"
        error = TransportError(
            reason, words + identity, hint: Self.hint(code, kind), remedy: Self.remedy(code),
            isRetriable: kind == .throttled || kind == .transient)
    }

    private static func words(_ reply: HTTPReply) -> (code: String, message: String) {
        let fields = (try? JSONFields.strings(in: reply.body, nested: ["Error", "Result"])) ?? [:]
        let text = fields.isEmpty ? String(decoding: reply.body.prefix(1 << 16), as: UTF8.self) : ""
        // "AWS.SimpleQueueService.NonExistentQueue;Sender": the code that users of the query protocol know.
        let query = reply.header("x-amzn-query-error").map { String($0.prefix { $0 != ";" }) }
        let type = fields["__type"].map { String($0.split(separator: "#").last ?? "") } ?? fields["Code"] ?? XMLText.value("Code", in: text)
        let header = reply.header("x-amzn-errortype").map { String($0.prefix { $0 != ":" }) }
        let code = type ?? header ?? query ?? ""
        let message = fields["message"] ?? fields["Message"] ?? XMLText.value("Message", in: text) ?? XMLText.value("title", in: text) ?? ""
        return (String(code.split(separator: ".").last ?? ""), message.trimmed)
    }

    static let throttles: Set<String> = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown", "PriorRequestNotComplete", "OverLimit",
        "EC2ThrottledException", "KmsThrottled", "ProvisionedThroughputExceededException",
    ]

    static let refusals: Set<String> = [
        "AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "SignatureDoesNotMatch", "InvalidSignatureException",
        "InvalidSignature", "UnrecognizedClientException", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
        "IncompleteSignature", "IncompleteSignatureException", "OptInRequired", "InvalidSecurity", "InvalidAccessKeyId", "AuthFailure",
        "KmsAccessDenied", "NotAuthorized",
    ]

    private static func kind(_ code: String, _ status: Int, _ message: String, differs: Bool) -> Kind {
        switch code {
        case _ where throttles.contains(code) || status == 429: return .throttled
        case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired",
            "RequestExpired" where !differs:
            return .expiredCredentials
        case "RequestTimeTooSkewed", "RequestInTheFuture", "RequestExpired": return .skewed
        // "Signature expired: 20250131T120000Z is now earlier than …", "Signature not yet current: …"
        case "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure", "InvalidSignature":
            return differs || message.hasPrefix("Signature expired") || message.hasPrefix("Signature not yet") ? .skewed : .final
        case "BatchRequestTooLong": return .batchTooLong
        case "UnknownOperationException", "UnknownOperation", "InvalidAction", "UnsupportedOperation", "NotImplemented",
            "ActionNotSupported":
            return .unknownOperation
        case "InternalError", "InternalFailure", "InternalServerError", "ServiceUnavailable", "ServiceUnavailableException",
            "RequestTimeout",
            "RequestTimeoutException", "PriorRequestNotComplete":
            return .transient
        default: return status == 501 ? .unknownOperation : status >= 500 ? .transient : .final
        }
    }

    private static func code(_ kind: Kind, _ code: String, _ status: Int) -> TransportError.Code {
        switch kind {
        case .throttled: return .tryAgain
        case .expiredCredentials, .skewed: return .permission
        case .transient: return .tryAgain
        case .unreachable: return .unreachable
        case .unknownOperation: return .unsupported
        case .batchTooLong, .final: break
        }
        if refusals.contains(code) { return .permission }
        switch code {
        case "QueueDoesNotExist", "NonExistentQueue", "QueueDeletedRecently": return .noSuchQueue
        case "QueueNameExists", "QueueAlreadyExists": return .cannotCreate
        case "PurgeQueueInProgress": return .tryAgain
        case "ResourceNotFoundException": return .noSuchQueue
        default: return code.isEmpty && (status == 401 || status == 403) ? .permission : code.isEmpty ? .protocolViolation : .failure
        }
    }

    private static func remedy(_ code: String) -> Remedy? {
        switch code {
        case "QueueDoesNotExist", "NonExistentQueue": .create
        case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId": .explain("where the keys come from")
        default: nil
        }
    }

    private static func hint(_ code: String, _ kind: Kind) -> String? {
        switch code {
        case "QueueDeletedRecently": "a queue of the same name can be made 60 seconds after it was deleted"
        case "PurgeQueueInProgress": "a queue can be purged once a minute"
        case "SignatureDoesNotMatch", "InvalidSignatureException":
            kind == .skewed ? "set this machine's clock" : "the secret key does not belong to the access key"
        case "RequestTimeTooSkewed": "set this machine's clock"
        case "ExpiredToken", "ExpiredTokenException": "get new temporary credentials"
        default: nil
        }
    }
}

extension String {
    /// What a service says, as far as a sentence has room for it.
    var brief: String { String(prefix(400)) }
}

extension ServiceFailure {
    /// The failure of one entry of a batch.
    init(entry: SendReply.Failure) {
        let message = entry.message.isEmpty ? "" : ": \(entry.message.brief)"
        code = entry.code
        if Self.throttles.contains(entry.code) {
            kind = .throttled
        } else {
            kind = entry.isSenderFault ? .final : .transient
        }
        let reason: TransportError.Code = Self.refusals.contains(entry.code) ? .permission : entry.isSenderFault ? .unsendable : .tryAgain
        let verb = entry.isSenderFault ? "SQS refuses the message" : kind == .throttled ? "SQS asks for fewer messages" : "SQS failed"
        error = TransportError(reason, "\(verb): \(entry.code.brief)\(message)", isRetriable: kind != .final)
    }

    /// Whether the messages of the request are what is wrong with it.
    var isAboutMessages: Bool {
        kind == .final
            && [
                "InvalidMessageContents", "InvalidParameterValue", "InvalidParameterValueException", "InvalidAttributeValue",
                "InvalidAttributeName", "MissingParameter", "MissingRequiredParameterException", "ValidationException", "ValidationError",
            ].contains(code)
    }

    /// Whether the service may have done what it was asked: the connection broke, or the answer could not be read.
    var isUncertain: Bool { kind == .transient && (code.isEmpty || code.hasPrefix("Internal") || code.hasPrefix("RequestTimeout")) }
}

extension TransportError {
    /// The answer of something else than SQS to a batch of `count` entries. To ask again could do everything a second time.
    static func notBatch(_ operation: String, _ count: Int) -> TransportError {
        TransportError(
            .protocolViolation,
            "\(operation): the reply names neither what succeeded nor what failed, so that this is not SQS's protocol; "
                + "what became of \(Quantity.count(count, "message")) is unknown",
            hint: "does the endpoint speak AWS JSON 1.0?")
    }
}
