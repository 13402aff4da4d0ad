/// Says once for each kind what a record carries and the transport does not: records of one kind of queue may be sent
/// to another, and nothing is lost without a word.
public struct DroppedProperties {
    private let transport: Descriptor
    private var said: Set<String> = []

    /// - Parameter transport: to which the records are sent.
    public init(for transport: Descriptor) { self.transport = transport }

    /// The first message that carries something which the transport does not, and the sentence about it.
    public func firstLoss(in batch: borrowing Batch, _ range: Range<Int>) -> (index: Int, sentence: String)? {
        guard batch.hasProperties else { return nil }
        for index in range {
            for (what, capability, isGiven) in Self.kinds(batch.properties(of: index))
            where isGiven && !transport.capabilities.contains(capability) {
                return (index, "a message has \(what), which \(transport.name) does not carry")
            }
        }
        return nil
    }

    /// The sentences for what was not said yet; `name` tells what a message of the batch is called.
    public mutating func warnings(for batch: borrowing Batch, _ range: Range<Int>, name: (_ index: Int) -> String) -> [String] {
        guard batch.hasProperties else { return [] }
        var result: [String] = []
        for index in range {
            let properties = batch.properties(of: index)
            for (what, capability, isGiven) in Self.kinds(properties) where isGiven && !transport.capabilities.contains(capability) {
                guard said.insert(what).inserted else { continue }
                result.append(
                    "\(name(index)) has \(what), which \(transport.name) does not carry: sent without, and so are others")
            }
        }
        return result
    }

    /// A value that every message has where nothing else is said is no loss: priority 0, type 1, one frame.
    private static func kinds(_ properties: MessageProperties) -> [(String, Capabilities, Bool)] {
        [
            ("a priority", .priority, properties.priority ?? 0 != 0),
            ("a type", .type, properties.type ?? 1 != 1),
            ("frames", .frames, properties.frames?.count ?? 1 > 1),
            ("attributes", .attributes, !properties.attributes.isEmpty),
            ("a group", .group, properties.group != nil),
            ("a deduplication id", .group, properties.dedup != nil),
            ("a delay", .delay, properties.delay ?? .zero > .zero),
        ]
    }
}
