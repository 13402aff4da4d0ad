/// The processes of one side during the measured time.
public struct Cost: Sendable, Equatable {
    /// Seconds of processor time.
    public var user = 0.0
    /// Seconds of processor time in the kernel.
    public var system = 0.0
    /// Context switches because a thread waited (getrusage(2)).
    public var voluntarySwitches = 0
    /// Context switches because its time was up.
    public var involuntarySwitches = 0

    /// Seconds, the kernel's included.
    public var processorTime: Double { user + system }

    mutating func add(_ other: Cost) {
        user += other.user
        system += other.system
        voluntarySwitches += other.voluntarySwitches
        involuntarySwitches += other.involuntarySwitches
    }
}

extension Cost: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("user", &user)
        fields.field("system", &system)
        fields.field("voluntarySwitches", &voluntarySwitches)
        fields.field("involuntarySwitches", &involuntarySwitches)
    }
}
