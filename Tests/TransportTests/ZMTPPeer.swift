import Glibc
import MQCore
import MQTesting

/// A hand-made peer: it says what it is told to and reads what it is asked for.
final class ZMTPPeer: Sendable {
    let descriptor: CInt

    /// - Parameter place: a path, or an endpoint.
    init(connectingTo place: String) throws {
        guard let address = Self.address(place) else { throw Refused() }
        descriptor = address.socket()
        guard eventually({ [descriptor] in address.connect(descriptor, until: .after(.seconds(5)), stop: StopFlag()) == 0 }) else {
            throw Refused()
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    private static func address(_ place: String) -> SocketAddress? {
        guard place.hasPrefix("tcp://"), let colon = place.lastIndex(of: ":"), let port = UInt16(place[colon...].dropFirst()) else {
            return SocketAddress(unix: place.hasPrefix("ipc://") ? String(place.dropFirst(6)) : place)
        }
        return HostLookup.numeric(place[..<colon].dropFirst(6).filter { !"[]".contains($0) }, port: port)
    }

    struct Refused: Error {}

    deinit { close(descriptor) }

    /// A greeting without security, and READY with a socket type.
    static func hello(as type: String, identity: String = "", minor: UInt8 = 1) -> [UInt8] {
        var greeting = [UInt8](repeating: 0, count: 64)
        (greeting[0], greeting[8], greeting[9], greeting[10], greeting[11]) = (0xff, 1, 0x7f, 3, minor)
        greeting.replaceSubrange(12..<16, with: Array("NULL".utf8))
        var property = [11] + Array("Socket-Type".utf8) + [0, 0, 0, UInt8(type.utf8.count)] + Array(type.utf8)
        if !identity.isEmpty { property += [8] + Array("Identity".utf8) + [0, 0, 0, UInt8(identity.utf8.count)] + Array(identity.utf8) }
        return greeting + [4, UInt8(6 + property.count), 5] + Array("READY".utf8) + property
    }

    /// Connects and shakes hands.
    /// - Parameter exactly: whether what comes behind the handshake stays unread.
    static func greet(_ place: String, as type: String, identity: String = "", exactly: Bool = false) throws -> ZMTPPeer {
        let peer = try ZMTPPeer(connectingTo: place)
        peer.say(hello(as: type, identity: identity))
        if exactly {
            let head = peer.hear(66, atMost: 66)
            if let size = head.last.map(Int.init), head.count == 66 { _ = peer.hear(size, atMost: size) }
        } else {
            _ = peer.hear(66)
        }
        return peer
    }

    func say(_ bytes: [UInt8]) { _ = send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) }

    /// At least so many bytes, or what came before the end.
    func hear(_ count: Int, atMost: Int = .max) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < count {
            let read = recv(descriptor, &buffer, min(buffer.count, atMost - bytes.count), 0)
            if read <= 0 { break }
            bytes += buffer[..<read]
        }
        return bytes
    }

    /// Whether the other end hangs up, whatever it says before.
    var isHungUpOn: Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let read = recv(descriptor, &buffer, buffer.count, 0)
            if read <= 0 { return read == 0 || errno == ECONNRESET }
        }
    }

    func hangUp() { shutdown(descriptor, CInt(SHUT_RDWR)) }
}
