/// What the server answered, whatever its status.
public struct HTTPReply: Sendable {
    /// 100 to 599.
    public var status: Int
    /// The lines of its head as they came: most replies are not asked for any of them.
    private let head: [UInt8]
    /// Decompressed; at most 64 MiB.
    public var body: [UInt8]

    /// A reply that is made, not received.
    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.init(
            status: status, head: Array(headers.map { "\($0.name): \($0.value)\r\n" }.joined().utf8), body: body)
    }

    init(status: Int, head: [UInt8], body: [UInt8]) {
        (self.status, self.head, self.body) = (status, head, body)
    }

    /// The lines of its head, in order. Made anew each time.
    public var headers: [(name: String, value: String)] {
        head.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard !line.starts(with: "HTTP/".utf8), let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            var value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            while let last = value.last, last <= 0x20 { value.removeLast() }
            return (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
        }
    }

    /// The first header of that name, in whatever case.
    public func header(_ name: String) -> String? {
        headers.first { ASCII.equalIgnoringCase($0.name.utf8, name.utf8) }?.value
    }
}
