import Glibc

/// What the native engine watches its sockets for.
enum StreamSocket {
    /// epoll(7): tell of changes only.
    static let edges = Int32(bitPattern: 1 << 31)
    /// POLLRDHUP, which the Glibc module does not show: the peer has closed its half.
    static let hangUp: Int32 = 0x2000
    /// Of a connection; a half that was closed is among what can be read.
    static let interest = Int32(POLLIN) | Int32(POLLOUT) | StreamSocket.hangUp | edges
}
