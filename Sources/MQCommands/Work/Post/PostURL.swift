import MQCore

/// Where messages are posted to: an http or https URL, looked at before anything is opened.
struct PostURL: Sendable, Equatable {
    /// `https://host:port`, with credentials if there are any.
    let origin: String
    /// Path and query, at least a slash.
    let path: String

    var text: String { origin + path }
    /// For people and logs: without a password.
    var shown: String {
        guard let at = origin.utf8.lastIndex(of: UInt8(ascii: "@")), let slash = origin.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            return text
        }
        return origin[...slash] + "/" + origin[origin.utf8.index(after: at)...] + path
    }

    /// - Throws: `usage` for what is not an http or https URL, or could not be sent as it stands.
    init(_ text: String) throws(TransportError) {
        func refused(_ why: String, hint: String? = nil) -> TransportError {
            TransportError(.usage, "'\(text)' is not a URL to post to: \(why)", hint: hint)
        }
        let scheme = text.utf8.prefix { $0 != UInt8(ascii: ":") }
        guard ["http", "https"].contains(String(scheme)?.lowercased() ?? ""), text.utf8.dropFirst(scheme.count).starts(with: "://".utf8)
        else {
            throw refused("it does not begin with http:// or https://", hint: "http://127.0.0.1:8080/work")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !#""<>\^`{|}"#.utf8.contains($0) }) else {
            throw refused("a space and other special characters are written %20 and the like")
        }
        let rest = text.utf8.dropFirst(scheme.count + 3)
        let authority = rest.prefix { !"/?#".utf8.contains($0) }
        if rest.contains(UInt8(ascii: "#")) { throw refused("what stands behind # is never sent to a server") }
        let host = authority.suffix(from: authority.lastIndex(of: UInt8(ascii: "@")).map(authority.index(after:)) ?? authority.startIndex)
        if let why = Self.fault(ofHost: String(host) ?? "") { throw refused(why) }
        origin = String(text.utf8.prefix(scheme.count + 3 + authority.count)) ?? text
        let path = String(rest.dropFirst(authority.count)) ?? ""
        self.path = path.hasPrefix("/") ? path : "/" + path
    }

    private static func fault(ofHost host: String) -> String? {
        var name = host[...], port = ""[...]
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return "its IPv6 address has no ]" }
            (name, port) = (host[...end], host[host.index(after: end)...])
        } else if let colon = host.firstIndex(of: ":") {
            (name, port) = (host[..<colon], host[colon...])
        }
        if name.isEmpty || name == "[]" { return "it has no host" }
        if port.isEmpty { return nil }
        guard port.hasPrefix(":"), port.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port.dropFirst()),
            (1...65535).contains(number)
        else { return "its port is not a number from 1 to 65535" }
        return nil
    }

    /// The same server at another path.
    func at(_ path: String) -> String { origin + path }
}
