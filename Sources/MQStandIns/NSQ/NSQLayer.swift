/// Something between the socket and the protocol: TLS or a compression.
protocol NSQLayer: AnyObject {
    /// - Returns: nil when the bytes are no valid stream.
    func decode(_ bytes: [UInt8]) -> [UInt8]?
    func encode(_ bytes: [UInt8]) -> [UInt8]
    /// What is to be sent because of what was decoded: the handshake.
    func takeOutput() -> [UInt8]
}

extension NSQLayer {
    func takeOutput() -> [UInt8] { [] }
}
