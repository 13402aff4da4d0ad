public import MQCore

public struct SysVTransport: Transport {
    public static let descriptor = Descriptor(name: "sysv", schemes: ["sysv"], summary: "", forms: [], capabilities: [], options: [], notes: [], examples: [])
    public init(_ address: Address, options: OptionValues) throws(TransportError) {}
}
