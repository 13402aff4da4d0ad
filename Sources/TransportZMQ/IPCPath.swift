import Glibc
import MQCore

/// The file of a bound ipc endpoint.
///
/// libzmq removes whatever is at the path before it binds: it took over live endpoints and destroyed ordinary files.
struct IPCPath: Sendable {
    let path: String
    private var device: UInt = 0
    private var inode: UInt = 0

    /// Makes `path` free for a bind.
    /// - Throws: `cannotCreate` when it is no socket or its owner lives, `permission`.
    init(preparing path: String) throws(TransportError) {
        self.path = path
        guard let status = Self.status(path) else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw TransportError(.cannotCreate, "\(path) exists and is not a socket", hint: "choose another path or remove it")
        }
        switch Self.probe(path) {
        case 0, EAGAIN, EINPROGRESS:
            throw TransportError(.cannotCreate, "ipc://\(path): address in use by a live process", errno: EADDRINUSE)
        case EPROTOTYPE:
            throw TransportError(.cannotCreate, "ipc://\(path): a socket of another kind is in use there", errno: EADDRINUSE)
        case EACCES, EPERM:
            throw TransportError(.permission, "ipc://\(path): the socket belongs to somebody else", errno: EACCES)
        case ECONNREFUSED:
            // Nobody listens: left behind by a process that was killed.
            if unlink(path.rawCString) != 0 && Glibc.errno != ENOENT {
                throw TransportError(.permission, "ipc://\(path): a stale socket cannot be removed", errno: Glibc.errno)
            }
        default: break
        }
    }

    /// Remembers which file the bind made, so that no other is removed.
    mutating func bound() {
        guard let status = Self.status(path) else { return }
        (device, inode) = (UInt(status.st_dev), UInt(status.st_ino))
    }

    /// Removes the file if it is still the one that was bound.
    func remove() {
        guard inode != 0, let status = Self.status(path), UInt(status.st_dev) == device, UInt(status.st_ino) == inode else { return }
        unlink(path.rawCString)
    }

    /// Whether connecting to `path` can ever work; a path that does not exist yet can.
    /// - Throws: `usage` for what is no socket, `permission`.
    static func checkConnect(_ path: String) throws(TransportError) {
        guard let status = status(path) else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw TransportError(.usage, "\(path) is not a socket")
        }
        if access(path.rawCString, W_OK) != 0 && Glibc.errno == EACCES {
            throw TransportError(.permission, "ipc://\(path): no permission to write to the socket", errno: EACCES)
        }
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path.rawCString, &status) == 0 ? status : nil
    }

    /// Connects once without waiting: 0 when somebody listens, else the error number.
    private static func probe(_ path: String) -> CInt {
        guard let address = SocketAddress(unix: path) else { return ENAMETOOLONG }
        let descriptor = address.socket()
        guard descriptor >= 0 else { return Glibc.errno }
        defer { close(descriptor) }
        return address.connect(descriptor)
    }
}
