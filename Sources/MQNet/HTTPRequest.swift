/// One request. Redirects are never followed, and nothing is added to it but what HTTP needs and an `Accept-Encoding`.
public struct HTTPRequest: Sendable {
    /// `GET`, `POST` and so on, in capitals.
    public var method: String
    /// `http:` or `https:`, already escaped.
    public var url: String
    /// In the order in which they are sent, beside those that libcurl adds.
    public var headers: [(name: String, value: String)] = []
    /// Sent as it is.
    public var body: [UInt8] = []
    /// For the whole exchange, connecting included.
    public var timeout: Duration = .seconds(30)
    /// Until the connection stands, TLS included.
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
    /// A PEM file with the private key of `certificateFile`.
    public var keyFile: String?
    /// Without it anybody may be the server.
    public var verifies = true
    /// The bytes of a reply's body that are kept; the rest is read and dropped, as it came. `nil` keeps all, decompressed, up to 64 MiB.
    public var keeps: Int?
    /// Whether `http_proxy` and its kin are honoured.
    public var usesProxy = true

    /// A request with standard settings. A URL that is none fails when it is sent.
    public init(_ method: String, _ url: String) {
        self.method = method
        self.url = url
    }

    /// Whether it differs from `other` in headers, body and `timeout` at most.
    func isLike(_ other: HTTPRequest) -> Bool {
        method == other.method && method == "POST" && url == other.url && connectTimeout == other.connectTimeout
            && caFile == other.caFile && certificateFile == other.certificateFile && keyFile == other.keyFile
            && verifies == other.verifies && (keeps == nil) == (other.keeps == nil)
            && usesProxy == other.usesProxy && resolve == other.resolve && connectTo == other.connectTo
    }
}
