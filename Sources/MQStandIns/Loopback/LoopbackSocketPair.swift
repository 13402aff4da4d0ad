/// Two connected sockets of this process: one thread waits at `inner` beside other descriptors, others write to `outer`.
final class LoopbackSocketPair: Sendable {
    let inner: LoopbackSocket
    let outer: LoopbackSocket

    /// - Throws: `StandInFailure`.
    init() throws {
        let listener = try LoopbackSocket.listen()
        outer = try LoopbackSocket.connect(port: listener.localPort)
        guard let taken = listener.accept() else { throw StandInFailure("no connection to itself") }
        inner = taken
    }
}
