import CZMQ
import Glibc
import MQCore

/// Second descriptors of a socket's connections, which keep them open when libzmq has closed its own.
///
/// Over ipc the kernel forgets what the receiver has not read when the sender closes and the receiver is at its
/// high-water mark (libzmq issue 4660, open); libzmq reports success all the same. With these descriptors the connection
/// stays until the kernel says that its buffer is empty, and that is more than libzmq can tell: the peer has read it all.
struct TailGuard: ~Copyable {
    private struct Held {
        /// The number inside libzmq, by which the monitor names the connection.
        let original: CInt
        let copy: CInt
        /// Of the socket that both numbers name.
        let inode: ino_t
        let endpoint: String
        /// Bytes unread when last looked at.
        var unread = 0
    }

    private var held: [Held] = []
    /// Connections that broke while their peers had bytes to read. Whether the peer read them first cannot be told.
    private(set) var broken = 0

    init() {}

    deinit { for connection in held { Self.close(connection.copy) } }

    /// Keeps the connection whose descriptor inside libzmq is `descriptor`.
    mutating func hold(_ descriptor: CInt, endpoint: String) {
        guard !held.contains(where: { $0.original == descriptor }) else { return }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return }
        // libzmq may have closed the number meanwhile and somebody else opened a file under it.
        var status = stat()
        guard fstat(copy, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            Glibc.close(copy)
            return
        }
        held.append(Held(original: descriptor, copy: copy, inode: status.st_ino, endpoint: endpoint))
    }

    /// The connection broke, as libzmq saw it.
    mutating func release(_ descriptor: CInt) {
        guard let index = held.firstIndex(where: { $0.original == descriptor }) else { return }
        let connection = held.remove(at: index)
        if connection.unread > 0 { broken += 1 }
        Self.close(connection.copy)
    }

    /// Whether libzmq has closed each connection, which it does when it has written what it holds for the peer.
    var isLetGo: Bool {
        held.allSatisfy { connection in
            var status = stat()
            return fstat(connection.original, &status) != 0 || status.st_ino != connection.inode
        }
    }

    /// Notes how much is unread, for a connection that may break next.
    mutating func look() {
        for index in held.indices { held[index].unread = max(0, Int(czmq_unread(held[index].copy))) }
    }

    /// Bytes that peers have not read, and where; drops the connections that are done.
    /// - Parameter reset: called for a connection whose peer went away with bytes unread.
    mutating func unread(reset: (_ endpoint: String) -> Void) -> (bytes: Int, endpoint: String)? {
        var rest: (bytes: Int, endpoint: String)?
        held.removeAll { connection in
            let bytes = Int(czmq_unread(connection.copy))
            // A peer that ends with bytes unread leaves ECONNRESET and an empty queue behind.
            if SocketAddress.pendingError(connection.copy) != 0 {
                reset(connection.endpoint)
            } else if bytes > 0 {
                rest = ((rest?.bytes ?? 0) + bytes, connection.endpoint)
                return false
            }
            Self.close(connection.copy)
            return true
        }
        return rest
    }

    /// A tcp connection closed with input unread is reset, and a reset can overtake the data: read it away first.
    private static func close(_ descriptor: CInt) {
        shutdown(descriptor, CInt(SHUT_WR))
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            var turns = 64
            while turns > 0, recv(descriptor, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT)) > 0 { turns -= 1 }
        }
        Glibc.close(descriptor)
    }
}
