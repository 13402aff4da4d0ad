public import MQCore

public struct ZMQTransport: Transport {
    public static let descriptor = Descriptor(name: "zmq", schemes: ["zmq"], summary: "", forms: [], capabilities: [], options: [], notes: [], examples: [])
    public init(_ address: Address, options: OptionValues) throws(TransportError) {}
}
