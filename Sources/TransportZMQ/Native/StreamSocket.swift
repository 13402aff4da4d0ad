import Glibc

/// What the native engine watches its sockets for, and how it sets their options.
enum StreamSocket {
    /// epoll(7): tell of changes only.
    static let edges = Int32(bitPattern: 1 << 31)
    /// POLLRDHUP, which the Glibc module does not show: the peer has closed its half.
    static let hangUp: Int32 = 0x2000
    /// Of a connection; a half that was closed is among what can be read.
    static let interest = Int32(POLLIN) | Int32(POLLOUT) | StreamSocket.hangUp | edges

    /// Sets an option; one that this kernel does not have is left as it is.
    static func set(_ level: CInt, _ name: CInt, _ value: Int, on descriptor: CInt) {
        var value = CInt(clamping: value)
        _ = setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<CInt>.size))
    }
}
