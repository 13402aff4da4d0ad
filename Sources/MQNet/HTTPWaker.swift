/// Wakes a client from another thread; does nothing once the client is gone.
public struct HTTPWaker: Sendable {
    let bell: CurlBell
    /// From any thread.
    public func wake() { bell.ring() }
}
