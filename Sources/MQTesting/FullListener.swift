import Glibc

/// A listener on 127.0.0.1 whose queue is full: a further connection gets no answer.
public final class FullListener {
    public let port: Int
    private var descriptors: [CInt]

    public init() {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var all = [listener]
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = bind(listener, pointer, size) | listen(listener, 0) | getsockname(listener, pointer, &size)
                for _ in 0..<4 {
                    let filler = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
                    all.append(filler)
                    _ = connect(filler, pointer, size)
                }
            }
        }
        descriptors = all
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
