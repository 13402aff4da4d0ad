import Glibc
import MQCore

/// Who may connect to a bound endpoint, decided before a byte is read: libzmq's filters (zmq_setsockopt(3): ZMQ_TCP_ACCEPT_FILTER,
/// ZMQ_IPC_FILTER_UID, _GID, _PID). Without a filter everybody may.
struct Admission: Sendable {
    /// A range of addresses: its first bits, and how many of them count.
    struct Network: Sendable, Equatable {
        let bytes: [UInt8]
        let bits: Int

        /// Understands `192.168.1.0/24`, `::1` and the like.
        init?(_ text: String) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let bytes = Admission.bytes(of: String(parts[0])) else { return nil }
            var bits = bytes.count * 8
            if parts.count == 2 {
                guard let number = Int(parts[1]), (0...bits).contains(number) else { return nil }
                bits = number
            }
            (self.bytes, self.bits) = (bytes, bits)
        }

        func contains(_ address: [UInt8]) -> Bool {
            guard address.count == bytes.count else { return false }
            let (whole, rest) = (bits / 8, bits % 8)
            guard address[..<whole] == bytes[..<whole] else { return false }
            return rest == 0 || (address[whole] ^ bytes[whole]) >> UInt8(8 - rest) == 0
        }
    }

    private let networks: [Network]
    private let users, groups, processes: Set<Int>
    private let notices: Notices

    /// - Throws: `usage` for a range of addresses that is none.
    init(_ options: OptionValues, _ notices: Notices) throws(TransportError) {
        self.notices = notices
        networks = try options.texts("tcp-accept-filter").map { (text) throws(TransportError) in
            guard let network = Network(text) else {
                throw TransportError(
                    .usage, "tcp-accept-filter: '\(text)' is not an address or a range of addresses", hint: "192.168.1.0/24, or ::1")
            }
            return network
        }
        func numbers(_ key: String) -> Set<Int> { Set(options.texts(key).compactMap(Quantity.integer)) }
        (users, groups, processes) = (numbers("ipc-filter-uid"), numbers("ipc-filter-gid"), numbers("ipc-filter-pid"))
    }

    /// Whether the other end of a connection that was accepted may stay; one that may not is told of with -v.
    func admits(_ descriptor: CInt, isLocal: Bool) -> Bool {
        if isLocal {
            if users.isEmpty && groups.isEmpty && processes.isEmpty { return true }
            guard let peer = Self.credentials(of: descriptor) else { return false }
            if users.contains(peer.user) || processes.contains(peer.process) || !groups.isDisjoint(with: Self.groups(of: peer)) {
                return true
            }
            notices.detail("process \(peer.process) of user \(peer.user) may not connect: ipc-filter names neither")
            return false
        }
        if networks.isEmpty { return true }
        guard let address = Self.address(of: descriptor) else { return false }
        if networks.contains(where: { $0.contains(address.bytes) }) { return true }
        notices.detail("\(address.text) may not connect: tcp-accept-filter does not have it")
        return false
    }

    // MARK: Who it is

    private typealias Credentials = (process: Int, user: Int, group: Int)

    private static func credentials(of descriptor: CInt) -> Credentials? {
        // SO_PEERCRED (unix(7)) and its struct ucred, which the Glibc module does not show: pid, uid, gid.
        var who = (pid_t(0), uid_t(0), gid_t(0))
        var size = socklen_t(MemoryLayout.size(ofValue: who))
        guard getsockopt(descriptor, SOL_SOCKET, 17, &who, &size) == 0 else { return nil }
        return (Int(who.0), Int(who.1), Int(who.2))
    }

    /// The group of a process, and those that its user is in.
    private static func groups(of peer: Credentials) -> Set<Int> {
        var groups = [gid_t](repeating: 0, count: 1024)
        var count = CInt(groups.count)
        guard getgrouplist(Names.user(peer.user), gid_t(peer.group), &groups, &count) >= 0 else { return [peer.group] }
        return Set(groups.prefix(Int(count)).map { Int($0) } + [peer.group])
    }

    /// A peer of IPv4 that came to a socket of both families is one of IPv4 (RFC 4291, 2.5.5.2).
    private static func address(of descriptor: CInt) -> (bytes: [UInt8], text: String)? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let isKnown = withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getpeername(descriptor, $0, &size) == 0 && getnameinfo($0, size, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            }
        }
        let word = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard isKnown, let bytes = bytes(of: String(word.prefix { $0 != "%" })) else { return nil }
        let isMapped = bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        return (isMapped ? Array(bytes[12...]) : bytes, word)
    }

    private static func bytes(of text: String) -> [UInt8]? {
        for (family, size) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: size)
            if inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }
}
