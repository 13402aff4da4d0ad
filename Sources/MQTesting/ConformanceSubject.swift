import Glibc
public import MQCore

/// A transport as the conformance kit sees it: how to make a queue, and what to expect beyond the descriptor.
public struct ConformanceSubject: Sendable {
    /// By whose capabilities the checks are chosen.
    public let descriptor: Descriptor
    /// Makes an empty queue that holds at least 8 messages of 100 bytes.
    public var makeQueue: @Sendable () throws -> ConformanceQueue
    /// The address of a queue that does not exist; `nil` where every address is one.
    public var missing: (@Sendable () throws -> any Transport)?
    /// The address of a queue that `Admin.create` may make and `delete` removes; for `.admin`.
    public var creatable: (@Sendable () throws -> any Transport)?
    /// A transport at `temp`; for `.temporary`.
    public var temporary: (@Sendable () throws -> any Transport)?
    /// A queue nobody receives from accepts only so much.
    public var fillsUp = true
    /// Messages of one sender come in the order in which they were sent.
    public var keepsOrder = true
    /// An endpoint in use learns that its queue was removed.
    public var noticesRemoval = true
    /// The body tried where the sender names no largest.
    public var largeMessage = 1 << 20
    /// How many messages the long checks move.
    public var streamLength = 20_000
    /// How long a message may be under way.
    public var patience: Duration = .seconds(10)

    /// A transport that behaves like most.
    public init(_ descriptor: Descriptor, makeQueue: @escaping @Sendable () throws -> ConformanceQueue) {
        self.descriptor = descriptor
        self.makeQueue = makeQueue
    }

    /// Whether the transport promises this.
    public func has(_ capability: Capabilities) -> Bool { descriptor.capabilities.contains(capability) }
}

extension Transport {
    /// The transport at an address as a person writes it.
    public static func at(_ text: String) throws(TransportError) -> Self {
        let address = try Address(parsing: text, syntax: descriptor.targetSyntax)
        return try Self(address, options: OptionValues(address.options, for: descriptor))
    }
}

extension Batch {
    var bodies: [[UInt8]] { (0..<count).map { Array(bytes(of: $0)) } }
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

/// 100 bytes that tell their number.
func numbered(_ number: Int) -> [UInt8] {
    let text = utf8("\(number):")
    return text + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: max(0, 100 - text.count))
}
