/// One end of a relay.
public enum RelaySide: String, Sendable, CaseIterable {
    case front, back
}
