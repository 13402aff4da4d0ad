internal import Glibc
internal import MQCore

/// Where an nsqd or an nsqlookupd listens.
enum Peer: Hashable, Sendable {
    case tcp(host: String, port: Int)
    case unix(path: String)

    /// As others would write it.
    var text: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }

    /// - Throws: `usage` for what is no `host[:port]`.
    init(parsing text: some StringProtocol, standardPort: Int) throws(TransportError) {
        let text = String(text)
        var (host, port) = (text[...], Substring())
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw Self.malformed(text) }
            port = rest.dropFirst()
        } else if let colon = text.lastIndex(of: ":"), text.firstIndex(of: ":") == colon {
            (host, port) = (text[..<colon], text[text.index(after: colon)...])
            if port.isEmpty { throw Self.malformed(text) }
        }
        guard !host.isEmpty, !host.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) else { throw Self.malformed(text) }
        guard port.isEmpty || (Int(port).map { (1...65535).contains($0) } ?? false) else {
            throw TransportError(.usage, "'\(port)' is not a port", hint: "1 to 65535; \(standardPort) when it is left out")
        }
        self = .tcp(host: String(host), port: Int(port) ?? standardPort)
    }

    private static func malformed(_ text: String) -> TransportError {
        TransportError(.usage, "'\(text)' is not a host", hint: "hosts are written host or host:port, IPv6 in brackets")
    }
}
