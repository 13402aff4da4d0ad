public import MQCore

/// An address to be measured.
public struct BenchTarget: Sendable {
    public let text: String
    let transport: any Transport
    let descriptor: Descriptor

    public init(text: String, transport: any Transport) {
        self.text = text
        self.transport = transport
        descriptor = type(of: transport).descriptor
    }
}
