public import MQCore

/// One request. Redirects are never followed, and nothing is added to it but what HTTP needs and an `Accept-Encoding`.
public struct HTTPRequest: Sendable {
    public var method: String
    /// `http:` or `https:`, already escaped.
    public var url: String
    public var headers: [(name: String, value: String)] = []
    public var body: [UInt8] = []
    /// For the whole exchange, connecting included.
    public var timeout: Duration = .seconds(30)
    public var connectTimeout: Duration = .seconds(5)
    /// `name:port:address`, as `curl --resolve` has it.
    public var resolve: [String] = []
    /// Where to connect instead of to the URL's host, `name:port:host:port` as `curl --connect-to` has it: the URL's host is then
    /// the name that the certificate must hold.
    public var connectTo: String?
    /// A file of certificates to trust instead of the system's.
    public var caFile: String?
    /// A PEM file with this client's certificate, for a server that wants one, and one with its private key.
    public var certificateFile: String?
    public var keyFile: String?
    /// Without it anybody may be the server.
    public var verifies = true
    /// Whether `http_proxy` and its kin are honoured.
    public var usesProxy = true

    public init(_ method: String, _ url: String) {
        self.method = method
        self.url = url
    }

    /// Whether it differs from `other` in headers, body and `timeout` at most.
    func isLike(_ other: HTTPRequest) -> Bool {
        method == other.method && method == "POST" && url == other.url && connectTimeout == other.connectTimeout
            && caFile == other.caFile && certificateFile == other.certificateFile && keyFile == other.keyFile
            && verifies == other.verifies && usesProxy == other.usesProxy && resolve == other.resolve && connectTo == other.connectTo
    }
}

/// What the server answered, whatever its status.
public struct HTTPReply: Sendable {
    public var status: Int
    /// The lines of its head as they came: most replies are not asked for any of them.
    private let head: [UInt8]
    /// Decompressed; at most 64 MiB.
    public var body: [UInt8]

    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.init(
            status: status, head: Array(headers.map { "\($0.name): \($0.value)\r\n" }.joined().utf8), body: body)
    }

    init(status: Int, head: [UInt8], body: [UInt8]) {
        (self.status, self.head, self.body) = (status, head, body)
    }

    public var headers: [(name: String, value: String)] {
        head.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard !line.starts(with: "HTTP/".utf8), let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            var value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            while let last = value.last, last <= 0x20 { value.removeLast() }
            return (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
        }
    }

    /// The first header of that name, in whatever case.
    public func header(_ name: String) -> String? {
        headers.first { ASCII.equalIgnoringCase($0.name.utf8, name.utf8) }?.value
    }
}

/// Why there is no reply.
public struct HTTPFailure: Error, Sendable {
    public enum Kind: Sendable {
        /// Nothing was sent: no address for the name, or nobody there.
        case unresolved, refused
        case timedOut
        /// The connection broke; whether the server acted on the request is not known.
        case broken
        case tls
        /// A reply that is not HTTP or is too large, a URL that is none, a fault of this machine.
        case other
    }
    public var kind: Kind
    /// With code and words for a person, the URL's host in it.
    public var error: TransportError

    public init(_ kind: Kind, _ error: TransportError) {
        self.kind = kind
        self.error = error
    }
}

/// An exchange that has ended.
public struct HTTPCompletion: Sendable {
    /// What `start` was given.
    public var tag: Int
    public var result: Result<HTTPReply, HTTPFailure>

    public init(tag: Int, result: Result<HTTPReply, HTTPFailure>) {
        self.tag = tag
        self.result = result
    }
}

/// Comparisons of protocol words, without a locale.
enum ASCII {
    static func equalIgnoringCase(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        left.lazy.map(lowered).elementsEqual(right.lazy.map(lowered))
    }

    static func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }
}
