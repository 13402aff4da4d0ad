/// The machine, as far as it decides figures. Two runs compare only when `fingerprint` is the same.
public struct Host: Sendable, Equatable {
    /// As the host calls itself.
    public var name = ""
    /// The kernel, its version and the kind of machine (uname(2)).
    public var system = ""
    /// The model of the first processor.
    public var processor = ""
    /// Processors that are online.
    public var processors = 0
    /// All of the machine's memory.
    public var memoryBytes = 0
    /// The one-minute load average before the first phase and behind the last.
    public var loadBefore = 0.0
    /// The one-minute load average behind the last phase.
    public var loadAfter = 0.0
    /// The share of processor time that the hypervisor gave to others during the run, 0 to 1.
    public var steal = 0.0

    /// What must be the same in two runs that are compared.
    public var fingerprint: String { "\(processor) × \(processors), \(memoryBytes >> 30) GiB, \(system)" }
}

extension Host: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("name", &name)
        fields.field("system", &system)
        fields.field("processor", &processor)
        fields.field("processors", &processors)
        fields.field("memoryBytes", &memoryBytes)
        fields.field("loadBefore", &loadBefore)
        fields.field("loadAfter", &loadAfter)
        fields.field("steal", &steal)
    }
}
