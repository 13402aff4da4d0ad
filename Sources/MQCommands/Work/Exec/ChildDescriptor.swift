/// What a descriptor of a command is, as a number.
struct ChildDescriptor {
    enum Part: UInt64 { case child, input, meta, output, errors }

    let slot: Int
    let part: Part

    /// Of the program's own streams, which are no command's.
    static let own = UInt64.max

    init(_ slot: Int, _ part: Part) { (self.slot, self.part) = (slot, part) }

    init?(_ token: UInt64) {
        guard token != Self.own, let part = Part(rawValue: token & 7) else { return nil }
        (slot, self.part) = (Int(token >> 3), part)
    }

    var token: UInt64 { UInt64(slot) << 3 | part.rawValue }
}
