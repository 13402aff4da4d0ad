/// Flags and size of a frame (RFC 23, section "Framing"): `flags size body`, the size in 1 byte or, with LONG, in 8.
public struct FrameHeader: Sendable, Equatable {
    /// MORE: another frame of the same message follows.
    public static let more: UInt8 = 1
    /// LONG: the size has 8 bytes.
    public static let long: UInt8 = 2
    /// COMMAND: the body is a command, not part of a message.
    public static let command: UInt8 = 4

    /// MORE and COMMAND; LONG is a matter of the encoding.
    public var flags: UInt8
    /// Bytes of the body.
    public var size: Int
    /// Bytes of the header itself: 2 or 9.
    public var length: Int

    /// Whether another frame of the same message follows.
    @inlinable public var hasMore: Bool { flags & Self.more != 0 }
    /// Whether the body is a `Command`.
    @inlinable public var isCommand: Bool { flags & Self.command != 0 }

    /// - Parameters:
    ///   - size: bytes of the body.
    ///   - length: bytes of the header.
    @inlinable
    public init(flags: UInt8, size: Int, length: Int) { (self.flags, self.size, self.length) = (flags, size, length) }

    /// What the bytes at the front of a stream are.
    public enum Reading: Sendable, Equatable {
        /// More bytes are needed.
        case incomplete
        case header(FrameHeader)
        /// A stray bit is a stream out of step: nothing behind it can be trusted.
        case malformed(String)
    }

    /// Reads the header at the front of `bytes`. LONG for a small size is accepted, since libzmq accepts it.
    public static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        guard let flags = bytes.first else { return .incomplete }
        if flags & 0xf8 != 0 { return .malformed("a frame has reserved flags (0x\(String(flags, radix: 16)))") }
        if flags & (command | more) == command | more { return .malformed("a command frame says that more follows") }
        guard flags & long != 0 else {
            return bytes.count < 2 ? .incomplete : .header(FrameHeader(flags: flags, size: Int(bytes[1]), length: 2))
        }
        guard bytes.count >= 9 else { return .incomplete }
        let size = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
        guard size <= UInt64(Int.max - 16) else { return .malformed("a frame of \(size) bytes was announced") }
        return .header(FrameHeader(flags: flags & ~long, size: Int(size), length: 9))
    }

    /// Appends the header of a frame.
    public static func append(flags: UInt8, size: Int, to bytes: inout [UInt8]) {
        if size <= 255 {
            bytes.append(flags)
            bytes.append(UInt8(size))
        } else {
            bytes.append(flags | long)
            withUnsafeBytes(of: UInt64(size).bigEndian) { bytes.append(contentsOf: $0) }
        }
    }
}
