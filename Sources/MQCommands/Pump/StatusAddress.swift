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
        guard address(port) != nil else { throw bad }
        if !isPublic && !isLoopback {
            throw TransportError(
                .usage, "--status-addr '\(text)' can be reached by others",
                hint: "use 127.0.0.1, or add --status-public: there is no password")
        }
    }

    private var isLoopback: Bool { host == "::1" || host.hasPrefix("127.") }

    /// - Returns: `nil` for a host that is no IP address.
    private func address(_ port: UInt16) -> (storage: sockaddr_storage, size: socklen_t)? {
        var storage = sockaddr_storage()
        let size: socklen_t? = withUnsafeMutableBytes(of: &storage) { bytes in
            let v4 = bytes.baseAddress!.assumingMemoryBound(to: sockaddr_in.self)
            if inet_pton(AF_INET, host, &v4.pointee.sin_addr) == 1 {
                (v4.pointee.sin_family, v4.pointee.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
                return socklen_t(MemoryLayout<sockaddr_in>.size)
            }
            let v6 = bytes.baseAddress!.assumingMemoryBound(to: sockaddr_in6.self)
            if inet_pton(AF_INET6, host, &v6.pointee.sin6_addr) == 1 {
                (v6.pointee.sin6_family, v6.pointee.sin6_port) = (sa_family_t(AF_INET6), port.bigEndian)
                return socklen_t(MemoryLayout<sockaddr_in6>.size)
            }
            return nil
        }
        return size.map { (storage, $0) }
    }

    /// - Returns: the descriptor, and the URL with the port that the system chose where 0 was asked for.
    /// - Throws: `cannotCreate`.
    func listen() throws(TransportError) -> (descriptor: CInt, url: String) {
        var (storage, size) = address(port)!
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(CInt(storage.ss_family), kind, 0)
        guard descriptor >= 0 else { throw failed() }
        var yes: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        let isBound = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
        }
        guard isBound, Glibc.listen(descriptor, 16) == 0 else {
            let error = failed()
            close(descriptor)
            throw error
        }
        withUnsafeMutablePointer(to: &storage) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        // The port is at the same place in both kinds of address.
        let chosen = withUnsafeBytes(of: &storage) { UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)) }
        return (descriptor, "http://\(host.contains(":") ? "[\(host)]" : host):\(chosen)/")
    }

    private func failed() -> TransportError {
        TransportError(.cannotCreate, "--status-addr \(host):\(port): \(SystemError.words(errno))", errno: errno)
    }
}
