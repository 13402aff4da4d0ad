internal import Glibc
internal import MQCore

/// A socket address as bytes.
struct SocketAddress: Sendable {
    let family: CInt
    private let bytes: [UInt8]

    init(family: CInt, bytes: UnsafeRawBufferPointer) {
        self.family = family
        self.bytes = Array(bytes)
    }

    /// `nil` for a path that is too long.
    init?(unix path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let text = Array(path.utf8)
        guard !text.isEmpty, text.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: text) }
        family = AF_UNIX
        bytes = withUnsafeBytes(of: &address) { Array($0) }
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        bytes.withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) }
    }
}
