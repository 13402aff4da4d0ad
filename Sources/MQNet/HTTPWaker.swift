/// Wakes a client from another thread; does nothing once the client is gone.
public struct HTTPWaker: Sendable {
    let bell: CurlBell
    public func wake() { bell.ring() }
}
