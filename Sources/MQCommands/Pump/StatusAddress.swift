import Glibc
import MQCore

/// Where a working verb answers questions about itself: the value of `--status-addr`.
struct StatusAddress {
    /// `127.0.0.1`, or `::1` without brackets.
    let host: String
    let port: UInt16

    /// - Parameter isPublic: `--status-public`.
    /// - Throws: `usage`.
    init(parsing text: String, isPublic: Bool) throws(TransportError) {
        let bad = TransportError(.usage, "--status-addr '\(text)' is not HOST:PORT", hint: "127.0.0.1:9000, or [::1]:9000")
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { throw bad }
        var host = String(text[..<colon])
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw bad
        }
        if host == "localhost" { host = "127.0.0.1" }
        (self.host, self.port) = (host, port)
        guard HostLookup.numeric(host, port: port) != nil else { throw bad }
        if !isPublic && !isLoopback {
            throw TransportError(
                .usage, "--status-addr '\(text)' can be reached by others",
                hint: "use 127.0.0.1, or add --status-public: there is no password")
        }
    }

    private var isLoopback: Bool { host == "::1" || host.hasPrefix("127.") }

    /// - Returns: the descriptor, and the URL with the port that the system chose where 0 was asked for.
    /// - Throws: `cannotCreate`.
    func listen() throws(TransportError) -> (descriptor: CInt, url: String) {
        guard let address = HostLookup.numeric(host, port: port) else { throw failed(EADDRNOTAVAIL) }
        let descriptor = address.socket()
        guard descriptor >= 0 else { throw failed(errno) }
        var yes: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        var number = address.bind(descriptor)
        if number == 0 && Glibc.listen(descriptor, 16) != 0 { number = errno }
        guard number == 0 else {
            close(descriptor)
            throw failed(number)
        }
        let chosen = SocketAddress.local(of: descriptor)?.port ?? port
        return (descriptor, "http://\(host.contains(":") ? "[\(host)]" : host):\(chosen)/")
    }

    private func failed(_ number: CInt) -> TransportError {
        TransportError(.cannotCreate, "--status-addr \(host):\(port): \(SystemError.words(number))", errno: number)
    }
}
