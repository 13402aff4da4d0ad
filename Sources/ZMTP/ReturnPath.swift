/// The frames in front of a request's body, which its reply has, too (RFC 28): what the hops on the way put there, and an empty frame behind
/// them.
public struct ReturnPath: Sendable, Equatable {
    /// The bytes of all frames.
    public var bytes: [UInt8]
    /// The length of each frame.
    public var frames: [Int]

    /// A path of these frames.
    public init(bytes: [UInt8], frames: [Int]) { (self.bytes, self.frames) = (bytes, frames) }

    /// Of a message without one.
    public static let none = ReturnPath(bytes: [], frames: [])
    /// Of a request that asks for no more than a reply.
    public static let plain = ReturnPath(bytes: [], frames: [0])

    /// Of a request whose reply can be told from others (ZMQ_REQ_CORRELATE): 4 bytes that come back.
    public static func numbered(_ number: UInt32) -> ReturnPath {
        ReturnPath(bytes: withUnsafeBytes(of: number.bigEndian) { Array($0) }, frames: [4, 0])
    }

    /// Where a message's path ends: behind its first empty frame.
    /// - Parameters:
    ///   - frames: the lengths of the message's frames.
    ///   - start: the first frame to look at; those before belong to the path whatever their length.
    /// - Returns: how many frames and bytes the path has; `nil` for a message without an empty frame before its last.
    public static func end(in frames: [Int], from start: Int = 0) -> (frames: Int, bytes: Int)? {
        var bytes = 0
        for (place, size) in frames.enumerated().dropLast() {
            if size == 0, place >= start { return (place + 1, bytes) }
            bytes += size
        }
        return nil
    }

    /// Becomes the first frames of a message, in the memory it has.
    public mutating func copy(_ frames: ArraySlice<Int>, _ bytes: UnsafeRawBufferPointer) {
        self.bytes.removeAll(keepingCapacity: true)
        self.bytes.append(contentsOf: bytes)
        self.frames.removeAll(keepingCapacity: true)
        self.frames.append(contentsOf: frames)
    }
}
