import Glibc
import MQCore

/// A listener on 127.0.0.1 whose queue is full: a further connection gets no answer.
public final class FullListener {
    /// Of 127.0.0.1.
    public let port: Int
    private var descriptors: [CInt]

    /// Listens, and fills its queue.
    public init() {
        let free = HostLookup.numeric("127.0.0.1", port: 0)!
        descriptors = [free.socket()]
        _ = free.bind(descriptors[0]) | listen(descriptors[0], 0)
        let bound = SocketAddress.local(of: descriptors[0])!
        port = Int(bound.port)
        for _ in 0..<4 {
            descriptors.append(bound.socket())
            _ = bound.connect(descriptors.last!)
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
