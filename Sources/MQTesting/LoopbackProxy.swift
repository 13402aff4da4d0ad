import MQStandIns
import Synchronization

/// Passes TCP connections on to another port of 127.0.0.1, until they are cut.
public final class LoopbackProxy: Sendable {
    /// Of 127.0.0.1, where clients connect.
    public let port: Int
    private let target: Int
    private let listener: LoopbackSocket
    private let pairs = Mutex<[(near: LoopbackSocket, far: LoopbackSocket)]>([])
    private let cuts = Atomic<Int>(0)

    /// - Throws: `ConformanceFailure` when it cannot listen.
    public init(to target: Int) throws {
        let listener = try LoopbackSocket.listen()
        (self.listener, self.target, port) = (listener, target, listener.localPort)
        _ = Background { [weak self] in
            while let near = listener.accept() { self?.connect(near) }
        }
    }

    deinit { stop() }

    /// Accepts no more, and cuts what there is.
    public func stop() {
        listener.shutDown()
        cut(withReset: false)
    }

    /// How many connections were cut.
    public var cutCount: Int { cuts.load(ordering: .relaxed) }

    /// Cuts all connections wherever they are, in the middle of a frame as a rule; what is inside the proxy is lost.
    public func cut(withReset: Bool) {
        let cut = pairs.withLock { exchange(&$0, with: []) }
        cuts.wrappingAdd(cut.count, ordering: .relaxed)
        for pair in cut {
            for end in [pair.near, pair.far] {
                if withReset { end.resetWhenClosed() }
                end.shutDown()
            }
        }
    }

    private func connect(_ near: LoopbackSocket) {
        // Nobody there: the connection ends at once, which is what the other side is to see.
        guard let far = try? LoopbackSocket.connect(port: target) else { return near.shutDown() }
        pairs.withLock { $0.append((near, far)) }
        for (source, sink) in [(near, far), (far, near)] {
            _ = Background {
                var bytes: [UInt8] = []
                while case .bytes = source.read(appendingTo: &bytes) {
                    if !sink.write(bytes) { break }
                    bytes.removeAll(keepingCapacity: true)
                }
                sink.shutDown()
                source.shutDown()
            }
        }
    }
}
