import MQCore

/// The properties of READY and INITIATE: name, value, each with its length before it.
public struct Metadata: Sendable, Equatable {
    /// In the order in which they came; a name may come twice.
    public private(set) var properties: [(name: String, value: [UInt8])]

    /// More is refused from the frame's header alone; libzmq takes 8 MiB.
    public static let largest = 16 << 10

    /// Properties to send; each name has 1 to 255 bytes.
    public init(_ properties: [(name: String, value: [UInt8])] = []) { self.properties = properties }

    /// Whether both have the same names and values in the same order.
    public static func == (one: Metadata, other: Metadata) -> Bool {
        one.properties.count == other.properties.count
            && zip(one.properties, other.properties).allSatisfy { $0.name == $1.name && $0.value == $1.value }
    }

    /// The data of a READY or INITIATE.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in properties {
            bytes.append(UInt8(truncatingIfNeeded: name.utf8.count))
            bytes.append(contentsOf: name.utf8)
            withUnsafeBytes(of: UInt32(truncatingIfNeeded: value.count).bigEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: value)
        }
        return bytes
    }

    /// Understands `bytes` to their end; `nil` when a length leads beyond it, a name is empty or the bytes are too many.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.largest else { return nil }
        properties = []
        var place = 0
        while place < bytes.count {
            let length = Int(bytes[place])
            let value = place + 1 + length
            guard length > 0, value + 4 <= bytes.count else { return nil }
            let size = bytes[value..<(value + 4)].reduce(0) { $0 << 8 | Int($1) }
            guard size <= bytes.count - value - 4 else { return nil }
            let name = String(printing: bytes[(place + 1)..<value], most: 255)
            properties.append((name, Array(bytes[(value + 4)..<(value + 4 + size)])))
            place = value + 4 + size
        }
    }

    /// Names are compared without case, as RFC 23 says. Of two the first counts.
    public subscript(_ name: String) -> [UInt8]? {
        let wanted = name.lowercased()
        return properties.first { $0.name.lowercased() == wanted }?.value
    }
}
