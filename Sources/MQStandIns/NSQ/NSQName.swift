enum NSQName {
    /// `^[.a-zA-Z0-9_-]+(#ephemeral)?$`, 1 to 64 bytes with the suffix.
    static func isValid(_ name: String) -> Bool {
        guard (1...64).contains(name.utf8.count) else { return false }
        let plain = name.hasSuffix("#ephemeral") ? name.dropLast(10) : name[...]
        return !plain.isEmpty
            && plain.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
                default: false
                }
            }
    }
}
