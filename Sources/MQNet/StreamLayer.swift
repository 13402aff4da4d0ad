public import MQCore

/// A layer between a byte stream and the wire (TLS, compression): bytes in, bytes out, no input or output of its own.
public protocol StreamLayer: AnyObject {
    /// Appends to `wire` what goes out for `plain`, complete, so that the peer can decode all of it now.
    func encode(_ plain: UnsafeRawBufferPointer, into wire: inout [UInt8]) throws(TransportError)
    /// Appends to `plain` what `wire` decodes to, and to `replies` what must be sent back (a TLS handshake).
    /// - Throws: `protocolViolation` for bytes that are no such stream.
    func decode(_ wire: UnsafeRawBufferPointer, into plain: inout [UInt8], replies: inout [UInt8]) throws(TransportError)
}
