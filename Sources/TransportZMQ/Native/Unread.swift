import CZMQ

/// What the kernel knows of the other end of a connection.
enum Unread {
    /// Bytes that were written and not read by the peer's process (ipc), or not confirmed by its host (tcp).
    static func bytes(_ descriptor: CInt) -> Int { max(0, Int(czmq_unread(descriptor))) }
}
