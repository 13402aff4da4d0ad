public import MQCore

/// One request. Redirects are never followed.
public struct HTTPRequest: Sendable {
    public var method: String
    public var url: String
    public var headers: [(name: String, value: String)] = []
    public var body: [UInt8] = []
    /// For the whole exchange, connecting included.
    public var timeout: Duration = .seconds(30)
    public var connectTimeout: Duration = .seconds(5)
    /// `name:port:address`, as `curl --resolve` has it.
    public var resolve: [String] = []
    /// A file of certificates to trust instead of the system's.
    public var caFile: String?
    /// Whether `http_proxy` and its kin are honoured.
    public var usesProxy = true

    public init(_ method: String, _ url: String) {
        self.method = method
        self.url = url
    }
}

public struct HTTPReply: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    /// The first header of that name, in whatever case.
    public func header(_ name: String) -> String? { fatalError() }
}

/// Why there is no reply.
public struct HTTPFailure: Error, Sendable {
    public enum Kind: Sendable {
        case unresolved, refused, timedOut
        /// The connection broke; whether the server acted on the request is not known.
        case broken
        case tls, other
    }
    public var kind: Kind
    /// With code and words for a person, the URL's host in it.
    public var error: TransportError
}

/// An exchange that has ended.
public struct HTTPCompletion: Sendable {
    public var tag: Int
    public var result: Result<HTTPReply, HTTPFailure>
}

/// Exchanges over libcurl, opened with dlopen when the first client is made; connections are kept alive. One thread uses it.
public final class HTTPClient {
    /// - Throws: `configuration` when libcurl cannot be opened.
    public init() throws(TransportError) { fatalError() }

    /// One exchange, waited for. `stop` and `deadline` end it: `tryAgain`.
    public func perform(_ request: HTTPRequest, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> HTTPReply {
        fatalError()
    }

    /// Begins an exchange; `tag` names it in its completion. Bytes leave with the next `wait`.
    public func start(_ request: HTTPRequest, tag: Int) throws(TransportError) { fatalError() }
    public var running: Int { fatalError() }
    /// Moves bytes until at least one exchange has ended, the deadline passes, `stop` is raised or `wake` is called.
    /// With a deadline that has passed it only moves what is ready.
    public func wait(until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [HTTPCompletion] { fatalError() }
    /// Drops an exchange; it has no completion.
    public func cancel(_ tag: Int) { fatalError() }
    /// Something for other threads that makes the current or next `wait` return at once.
    public var waker: HTTPWaker { fatalError() }
}

public struct HTTPWaker: Sendable {
    public func wake() { fatalError() }
}
