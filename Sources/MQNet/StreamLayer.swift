public import MQCore

/// Something between plain bytes and the wire: encryption, compression. Bytes in, bytes out, no input or output of its own.
/// Used by one thread.
public protocol StreamLayer: AnyObject {
    /// Appends to `wire` what the peer needs to have all of `plain` now. Larger pieces compress better.
    func encode(_ plain: UnsafeRawBufferPointer, into wire: inout [UInt8]) throws(TransportError)
    /// Takes bytes as they came, however divided, and appends what they stand for to `plain`. What `replies` is given must
    /// be sent to the peer as it is, also when an error is thrown.
    ///
    /// To be given what one read brought, about 64 KiB at most: the output of a call is bounded (80 MiB).
    /// - Throws: `protocolViolation` for bytes the peer should not have sent; the layer is of no use afterwards.
    func decode(_ wire: UnsafeRawBufferPointer, into plain: inout [UInt8], replies: inout [UInt8]) throws(TransportError)
}
