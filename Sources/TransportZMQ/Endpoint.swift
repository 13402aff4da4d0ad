import MQCore

/// One end of an address: where a socket binds or connects, checked by ourselves.
///
/// libzmq takes ports through atoi and a 16-bit cast (99999 binds 34463) and hosts that do not exist without a word.
struct Endpoint: Sendable, Equatable {
    enum Medium: Sendable, Equatable {
        /// `host` without brackets, `*` for all interfaces; `port` nil is a free one.
        case tcp(source: String?, host: String, port: UInt16?)
        /// A path in the file system.
        case ipc(path: String)
        /// A name in Linux's abstract namespace, refused by the kernel when it is taken.
        case abstract
        /// A name among the threads of one process.
        case inproc
        /// Left to libzmq: tipc, pgm, vmci and what newer libraries bring.
        case other(String)
    }

    let binds: Bool
    let medium: Medium
    /// As libzmq takes it.
    let text: String

    private static let known = ["tcp", "ipc", "tipc", "pgm", "epgm", "vmci", "norm", "ws", "wss", "udp", "inproc"]

    /// Understands `[@]transport://…`.
    /// - Throws: `usage`.
    init(_ written: String) throws(TransportError) {
        binds = written.hasPrefix("@")
        let body = binds ? written.dropFirst() : written[...]
        guard let mark = Self.range(of: "://", in: body) else {
            throw TransportError(
                .usage, "'\(body)' is not an endpoint", hint: "endpoints look like tcp://host:port or ipc:///path, @ in front binds")
        }
        let word = body[..<mark.lowerBound].lowercased()
        let rest = String(body[mark.upperBound...])
        switch word {
        case "tcp":
            medium = try Self.tcp(rest, binds: binds)
        case "ipc":
            medium = try Self.ipc(rest)
        case "inproc":
            guard !rest.isEmpty else { throw TransportError(.usage, "inproc:// needs a name") }
            medium = .inproc
        case _ where Self.known.contains(word):
            medium = .other(word)
        default:
            let near = Suggestion.nearest(to: word, in: ["tcp", "ipc", "tipc", "pgm", "epgm", "vmci"])
            throw TransportError(
                .usage, "there is no transport '\(word)://'",
                hint: near.map { "did you mean \($0)://?" } ?? "tcp://, ipc:// and tipc:// are common")
        }
        switch medium {
        case .tcp(let source, let host, let port):
            let name = host.contains(":") ? "[\(host)]" : host
            text = "tcp://" + (source.map { "\($0);" } ?? "") + "\(name):" + (port.map(String.init) ?? "*")
        default: text = "\(word)://\(rest)"
        }
    }

    /// An endpoint whose parts are known to be right.
    init(ipc path: String, binds: Bool) {
        (self.binds, medium, text) = (binds, .ipc(path: path), "ipc://\(path)")
    }

    /// Refuses an end that nobody could ever meet.
    /// - Throws: `usage`.
    func check(_ opening: Opening) throws(TransportError) {
        if medium == .inproc && !opening.sharesProcess {
            throw TransportError(.usage, "inproc:// joins threads of one process", hint: "ipc:// joins processes of one host")
        }
    }

    /// As it is written in an address.
    var written: String { (binds ? "@" : "") + text }

    /// Whether peers there are connected to by tcp or a Unix socket.
    var isStream: Bool {
        switch medium {
        case .tcp, .ipc, .abstract: true
        case .inproc, .other: false
        }
    }

    /// Whether the address itself says IPv6.
    var isIPv6Literal: Bool {
        if case .tcp(let source, let host, _) = medium { return host.contains(":") || (source ?? "").contains("[") }
        return false
    }

    /// Where an endpoint of ipc binds or connects.
    /// - Throws: `usage` for a path that is too long, which `init(ipc:binds:)` does not see.
    var unixAddress: SocketAddress {
        get throws(TransportError) {
            let name = String(text.dropFirst("ipc://".count))
            let isAbstract = medium == .abstract
            guard let address = SocketAddress(unix: isAbstract ? String(name.dropFirst()) : name, isAbstract: isAbstract) else {
                throw Self.tooLong(name)
            }
            return address
        }
    }

    private static func tcp(_ rest: String, binds: Bool) throws(TransportError) -> Medium {
        var source: String?
        var place = rest[...]
        if let semicolon = place.firstIndex(of: ";") {
            source = String(place[..<semicolon])
            place = place[place.index(after: semicolon)...]
        }
        guard let colon = place.lastIndex(of: ":") else {
            throw TransportError(.usage, "tcp://\(rest) has no port", hint: "tcp://\(rest.isEmpty ? "host" : rest):5555")
        }
        var host = place[..<colon]
        let digits = place[place.index(after: colon)...]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw TransportError(.usage, "an IPv6 address in an endpoint is written in brackets", hint: "tcp://[\(host)]:\(digits)")
        }
        var port: UInt16?
        if digits == "*" || digits == "0" {
            guard binds else {
                throw TransportError(
                    .usage, "tcp://\(rest): connecting needs a port", hint: "only a bound endpoint (@) can take a free one")
            }
        } else {
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits) else {
                throw TransportError(.usage, "tcp://\(rest): the port must be 1 to 65535" + (binds ? ", or * for a free one" : ""))
            }
            port = number
        }
        if host.isEmpty {
            guard binds else {
                throw TransportError(
                    .usage, "tcp://\(rest) names no host", hint: "@tcp://\(rest) binds on all interfaces, tcp://localhost\(rest) connects")
            }
            host = "*"
        }
        if host == "*" && !binds {
            throw TransportError(.usage, "tcp://\(rest): * is for binding", hint: "@tcp://\(rest) binds on all interfaces")
        }
        return .tcp(source: source, host: String(host), port: port)
    }

    /// The parts of a source address, `host:port`, the port being 0 or `*` for any; `nil` when it has not that form.
    static func source(_ text: String) -> (host: String, port: UInt16)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard let port = digits == "*" ? 0 : UInt16(digits) else { return nil }
        return (host.isEmpty ? "*" : String(host), port)
    }

    private static func ipc(_ rest: String) throws(TransportError) -> Medium {
        if rest.hasPrefix("@") {
            // The kernel counts the leading NUL in place of the @.
            guard String(rest).rawBytes.count <= SocketAddress.longestPath else { throw tooLong(rest) }
            if rest.utf8.count < 2 { throw TransportError(.usage, "ipc://@ names no socket") }
            return .abstract
        }
        guard !rest.isEmpty else { throw TransportError(.usage, "ipc:// names no path", hint: "ipc:///run/user/1000/feed") }
        if rest == "*" { return .other("ipc") }
        guard String(rest).rawBytes.count <= SocketAddress.longestPath else { throw tooLong(rest) }
        return .ipc(path: rest)
    }

    private static func tooLong(_ path: String) -> TransportError {
        TransportError(
            .usage, "ipc://\(path): the path has \(path.rawBytes.count) bytes, a Unix socket's at most \(SocketAddress.longestPath)")
    }

    private static func range(of literal: String, in text: Substring) -> Range<Substring.Index>? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].hasPrefix(literal) { return index..<text.index(index, offsetBy: literal.count) }
            index = text.index(after: index)
        }
        return nil
    }
}
