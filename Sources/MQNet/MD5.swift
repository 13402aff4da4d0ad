internal import MQCore

/// A digest of sixteen bytes, held without an allocation.
public struct MD5: Sendable, Equatable {
    private var high: UInt64 = 0
    private var low: UInt64 = 0

    /// All bytes zero.
    public init() {}

    /// Reads 32 hexadecimal digits.
    public init?(hex: [UInt8]) {
        guard hex.count == 32 else { return nil }
        var words: [UInt64] = [0, 0]
        for (index, byte) in hex.enumerated() {
            guard let digit = Hex.value(byte) else { return nil }
            words[index / 16] = words[index / 16] << 4 | UInt64(digit)
        }
        (high, low) = (words[0].byteSwapped, words[1].byteSwapped)
    }
}
