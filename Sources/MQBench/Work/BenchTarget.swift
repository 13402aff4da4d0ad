public import MQCore

/// An address to be measured.
public struct BenchTarget: Sendable {
    /// The address as typed.
    public let text: String
    let transport: any Transport
    let descriptor: Descriptor

    /// - Parameter transport: made of the address.
    public init(text: String, transport: any Transport) {
        self.text = text
        self.transport = transport
        descriptor = type(of: transport).descriptor
    }
}
