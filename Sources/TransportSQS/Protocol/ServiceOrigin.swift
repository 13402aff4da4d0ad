internal import MQCore

/// Scheme, host and port of a URL.
struct ServiceOrigin: Sendable, Equatable {
    /// `https://host:port`, without a slash at the end.
    let text: String
    /// As the `Host` header has it: without the scheme's own port, which libcurl leaves out too.
    let host: String
    /// Behind the origin, with its slash; empty or `/` for an endpoint.
    let path: String

    /// - Returns: `nil` for what is no http or https URL, or has credentials in it.
    init?(_ url: String) {
        guard let mark = url.range(of: "://") else { return nil }
        let scheme = url[..<mark.lowerBound].lowercased()
        let rest = url[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let isPlain = authority.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "@") && $0 != UInt8(ascii: "\\") }
        guard scheme == "http" || scheme == "https", !authority.isEmpty, isPlain else { return nil }
        let usual = scheme == "http" ? ":80" : ":443"
        host = String(authority.hasSuffix(usual) ? authority.dropLast(usual.count) : authority)
        text = "\(scheme)://\(authority)"
        path = String(rest.dropFirst(authority.count))
    }
}

extension String {
    fileprivate func range(of mark: String) -> Range<String.Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(mark) { return index..<self.index(index, offsetBy: mark.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
