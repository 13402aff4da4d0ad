/// Comparisons of protocol words, without a locale.
enum ASCII {
    static func equalIgnoringCase(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        left.lazy.map(lowered).elementsEqual(right.lazy.map(lowered))
    }

    static func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }
}
