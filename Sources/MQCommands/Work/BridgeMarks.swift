import MQCore

/// What a bridge changes of the messages that pass it: how many bridges they have passed, and their deduplication ids where that is wanted.
struct BridgeMarks: Sendable {
    static let hops = "mq-hops"

    /// 0 for neither a count nor a limit.
    var maxHops = 8
    var renewsIdentity = false

    private static func hops(of properties: MessageProperties) -> Int {
        guard let attribute = properties.attributes.first(where: { $0.name == hops }) else { return 0 }
        return Quantity.integer(String(decoding: attribute.value, as: UTF8.self)).map { max(0, $0) } ?? 0
    }

    /// Why a message goes no further.
    func refusal(of properties: MessageProperties) -> TransportError? {
        guard maxHops > 0, !properties.attributes.isEmpty else { return nil }
        let hops = Self.hops(of: properties)
        guard hops >= maxHops else { return nil }
        return TransportError(
            .unsendable, "it has passed \(Quantity.count(hops, "bridge")) already: a loop?", hint: "--max-hops \(hops + 1) lets it pass")
    }

    /// The change for messages that go to a transport; `nil` when there is none.
    func change(for descriptor: Descriptor) -> ((inout MessageProperties) -> Void)? {
        let counts = maxHops > 0 && descriptor.capabilities.contains(.attributes)
        let renews = renewsIdentity && descriptor.capabilities.contains(.group)
        guard counts || renews else { return nil }
        return { properties in
            if counts {
                let value = Array("\(Self.hops(of: properties) + 1)".utf8)
                properties.attributes.removeAll { $0.name == Self.hops }
                properties.attributes.append(Attribute(name: Self.hops, type: "Number", value: value))
            }
            // The same on another try, and another when the message comes a second time by way of its queue.
            if renews { properties.dedup = properties.id.map { "mq-\($0)" } }
        }
    }
}
