/// The one error of the product: what happened, in a sentence, and how a script can tell it apart.
///
/// The sentence stands on its own ("queue was removed"), without the address, which the verb puts in front,
/// and without a final full stop. `hint` says what to do next where that is known, `remedy` what a verb's flags can do about it.
public struct TransportError: Error, Sendable {
    /// What kind of failure this is. Open: a transport may add its own without breaking a `switch`.
    public struct Code: Hashable, Sendable {
        /// The word shown by `--error-format json` as `kind`.
        public let name: String
        /// A code of this name; the same name is the same code.
        public init(_ name: String) { self.name = name }

        /// A wrong option, value or address.
        public static let usage = Code("usage")
        /// The transport, or this kernel, cannot do what was asked.
        public static let unsupported = Code("unsupported")
        /// A record that cannot be read as what it should be.
        public static let malformed = Code("malformed")
        /// A message the transport cannot carry: too large, or empty where that is not allowed.
        public static let unsendable = Code("unsendable")
        /// A message that the queue took for a double of an earlier one: it was accepted and dropped.
        public static let duplicate = Code("duplicate")
        /// The queue does not exist, or was removed while in use.
        public static let noSuchQueue = Code("no-such-queue")
        /// Nobody answers at the address.
        public static let unreachable = Code("unreachable")
        /// The queue could not be made.
        public static let cannotCreate = Code("cannot-create")
        /// Reading or writing of a local file or stream failed.
        public static let inputOutput = Code("input-output")
        /// Full, throttled, or not done in time: the same call may succeed later.
        public static let tryAgain = Code("try-again")
        /// The peer speaks something else.
        public static let protocolViolation = Code("protocol")
        /// The operating system or the broker says no.
        public static let permission = Code("permission")
        /// A configuration file or variable is wrong, or a library is missing.
        public static let configuration = Code("configuration")
        /// The "no" answer: nothing there, not in time, fewer than asked for.
        public static let negative = Code("no")
        /// Anything else.
        public static let failure = Code("failure")
    }

    /// By which a verb chooses its exit status.
    public let code: Code
    /// The sentence, without the address and without a full stop.
    public var message: String
    /// What to do next, a short clause without punctuation around it.
    public var hint: String?
    /// What would help, for the verb to put into words.
    public var remedy: Remedy?
    /// The address or file that it is about, where that is not the queue which the verb is about.
    public var subject: String?
    /// Further sentences below it: where a broken stream can be resumed.
    public var details: [String] = []
    /// The system's error number behind it, where there is one.
    public let errno: CInt?
    /// Whether trying the same again may succeed without anybody changing anything.
    public let isRetriable: Bool

    /// - Parameter errno: the system's error number, for programs; the sentence has its words already.
    public init(
        _ code: Code, _ message: String, hint: String? = nil, remedy: Remedy? = nil, errno: CInt? = nil, isRetriable: Bool = false
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.remedy = remedy
        self.errno = errno
        self.isRetriable = isRetriable
    }

    /// The sentence with its hint, as a person reads it. A remedy has words only after a verb has found them.
    public var sentence: String { hint.map { "\(message) (\($0))" } ?? message }

    /// Has every failure of `body` be about `subject`, unless it is about something already.
    public static func naming<Result>(
        _ subject: String, _ body: () throws(TransportError) -> Result
    ) throws(TransportError) -> Result {
        do throws(TransportError) { return try body() } catch { throw error.about(subject) }
    }

    /// The same, about `subject` unless it is about something already.
    public func about(_ subject: String) -> TransportError {
        var error = self
        error.subject = error.subject ?? subject
        return error
    }

    /// A message over `limit` bytes, which the transport cannot carry.
    /// - Parameter why: what sets the limit, behind the sentence.
    public static func tooLarge(_ size: Int, limit: Int, why: String = "", hint: String? = nil, errno: CInt? = nil) -> TransportError {
        TransportError(
            .unsendable, "\(Quantity.count(size, "byte")) exceed this queue's limit of \(Quantity.count(limit, "byte"))\(why)", hint: hint,
            remedy: .skip, errno: errno)
    }
}
