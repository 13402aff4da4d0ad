internal import Glibc
internal import MQCore

/// A connected stream socket that never blocks; closed once.
struct Socket: ~Copyable {
    let descriptor: CInt

    deinit { close(descriptor) }

    /// Connects to the first address of the peer that answers.
    /// - Parameter resolve: `name:port:address` entries that stand in for looking names up.
    /// - Throws: `unreachable`, `permission` for a UNIX socket, `tryAgain` when `deadline` passes or `stop` is raised.
    init(to peer: Peer, resolve: [String], until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        let addresses = try Self.addresses(of: peer, resolve: resolve, until: deadline, stop: stop)
        var failure: TransportError?
        for address in addresses {
            let made = address.socket()
            guard made >= 0 else { throw TransportError(.failure, "no socket: \(SystemError.words(errno))", errno: errno) }
            let error = address.connect(made, until: deadline, stop: stop)
            if error == 0 {
                if address.family != AF_UNIX { Self.set(made) }
                descriptor = made
                return
            }
            close(made)
            if error == EINTR { throw TransportError(.tryAgain, "interrupted while connecting") }
            failure = Self.refused(peer, error)
        }
        throw failure ?? Self.refused(peer, EHOSTUNREACH)
    }

    /// Small commands go at once, and a peer whose machine has gone is noticed within half a minute though nothing is said.
    private static func set(_ descriptor: CInt) {
        let tcp = CInt(IPPROTO_TCP)
        let options = [
            (tcp, TCP_NODELAY, 1), (SOL_SOCKET, SO_KEEPALIVE, 1), (tcp, TCP_KEEPIDLE, 15), (tcp, TCP_KEEPINTVL, 5), (tcp, TCP_KEEPCNT, 3),
        ]
        for (level, name, value) in options {
            var value = CInt(value)
            setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<CInt>.size))
        }
    }

    /// Our end, as Go writes it; `nil` for a UNIX socket.
    var localAddress: String? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let (host, port) = (UnsafeMutablePointer<CChar>.allocate(capacity: 64), UnsafeMutablePointer<CChar>.allocate(capacity: 16))
        defer {
            host.deallocate()
            port.deallocate()
        }
        let isKnown = withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            guard getsockname(descriptor, pointer, &length) == 0, pointer.pointee.sa_family != sa_family_t(AF_UNIX) else { return false }
            return getnameinfo(pointer, length, host, 64, port, 16, NI_NUMERICHOST | NI_NUMERICSERV) == 0
        }
        return isKnown ? Peer.tcp(host: String(cString: host), port: Int(String(cString: port)) ?? 0).text : nil
    }

    /// Sends a few bytes, which a socket that has just been connected takes at once.
    /// - Returns: whether it did.
    func write(_ bytes: [UInt8]) -> Bool { Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count }

    /// Reads until the peer closes.
    /// - Throws: `failure` for more than `limit` bytes or a broken connection, `tryAgain` when `deadline` passes or `stop` is raised.
    func readToEnd(limit: Int, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [UInt8] {
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 1 << 14)
        while bytes.count <= limit {
            let count = recv(descriptor, &room, room.count, 0)
            if count == 0 { return bytes }
            if count > 0 {
                bytes += room[..<count]
            } else if errno == EAGAIN {
                guard case .ready = Readiness.wait(for: Int32(POLLIN), on: descriptor, until: deadline, stop: stop) else {
                    throw TransportError(.tryAgain, "no end in time")
                }
            } else if errno != EINTR {
                throw TransportError(.failure, SystemError.words(errno), errno: errno)
            }
        }
        throw TransportError(.failure, "more than \(limit) bytes")
    }

    private static func refused(_ peer: Peer, _ number: CInt) -> TransportError {
        let words = number == ETIMEDOUT ? "no connection in time" : SystemError.words(number)
        let code: TransportError.Code = number == EACCES || number == EPERM ? .permission : .unreachable
        let hint = number == ECONNREFUSED || number == ENOENT ? "is nsqd running there?" : nil
        return TransportError(code, "\(peer.text): \(words)", hint: hint, errno: number, isRetriable: code == .unreachable)
    }

    private static func addresses(
        of peer: Peer, resolve: [String], until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> [SocketAddress] {
        switch peer {
        case .unix(let path):
            guard let address = SocketAddress(unix: path) else {
                throw TransportError(.usage, "\(path): the path of a socket has at most \(SocketAddress.longestPath) bytes")
            }
            return [address]
        case .tcp(var host, let port):
            // As curl has it: the last entry for a name wins, brackets around IPv6.
            for entry in resolve where entry.hasPrefix("\(host):\(port):") || entry.hasPrefix("*:\(port):") {
                host = String(entry.split(separator: ":", maxSplits: 2)[2].drop { $0 == "[" }.prefix { $0 != "]" })
            }
            return try HostLookup.addresses(
                of: host, port: UInt16(clamping: port), onlyConfigured: true,
                hint: "is the name right? resolve=\(host):\(port):ADDRESS gives it an address", until: deadline, stop: stop)
        }
    }
}
