public import MQCore

public struct MemoryTransport: Transport {
    public static let descriptor = Descriptor(name: "memory", schemes: ["memory"], summary: "", forms: [], capabilities: [], options: [], notes: [], examples: [])
    public init(_ address: Address, options: OptionValues) throws(TransportError) {}
}
