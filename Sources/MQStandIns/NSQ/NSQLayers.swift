import Glibc

/// Makes layers out of the system's libraries, which are opened here and not linked: the tests run without them, too.
struct NSQLayers: Sendable {
    private let certificate: String?
    private let privateKey: String?

    init(_ settings: NSQStandIn.Settings) { (certificate, privateKey) = (settings.certificate, settings.privateKey) }

    var offersTLS: Bool { certificate != nil && privateKey != nil }

    func tls() -> (any NSQLayer)? {
        guard let certificate, let privateKey else { return nil }
        return NSQTLSLayer(certificate: certificate, privateKey: privateKey)
    }

    func deflate(level: Int) -> (any NSQLayer)? { NSQDeflateLayer(level: level) }
    func snappy() -> (any NSQLayer)? { NSQSnappyLayer() }
}
