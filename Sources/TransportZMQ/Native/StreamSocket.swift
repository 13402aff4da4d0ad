import Glibc

/// What every socket of the native engine is made with.
enum StreamSocket {
    static let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    /// epoll(7): tell of changes only.
    static let edges = Int32(bitPattern: 1 << 31)
    /// POLLRDHUP, which the Glibc module does not show: the peer has closed its half.
    static let hangUp: Int32 = 0x2000
    /// Of a connection; a half that was closed is among what can be read.
    static let interest = Int32(POLLIN) | Int32(POLLOUT) | StreamSocket.hangUp | edges

    /// The error that a socket has for us; 0 is none.
    static func pendingError(_ descriptor: CInt) -> CInt {
        var error: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : 0
    }
}
