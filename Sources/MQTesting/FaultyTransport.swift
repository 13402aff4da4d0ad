public import MQCore

/// A transport in this process that breaks its promises as told: what measures must find out every one of them.
///
/// Its addresses are those of the transport behind it, with the scheme `faulty`.
public struct FaultyTransport: Transport {
    public static let descriptor = Descriptor(
        name: "faulty", schemes: ["faulty"], summary: "breaks its promises as told", forms: ["faulty:NAME"],
        capabilities: [.send, .receive, .admin, .temporary, .processLocal, .ordered], options: [], notes: [], examples: [])

    let base: any Transport
    private let faults: Faults
    private let record: FaultRecord

    /// - Parameter record: shared by all its senders.
    public init(_ base: any Transport, _ faults: Faults, record: FaultRecord = FaultRecord()) {
        (self.base, self.faults, self.record) = (base, faults, record)
    }

    /// An address alone does not say what is behind it.
    public init(_ address: Address, options: OptionValues) throws(TransportError) {
        throw TransportError(.unsupported, "faulty is made by tests only")
    }

    /// The address of the transport behind, with the scheme changed.
    public static func address(_ text: String, scheme: String = "faulty") -> String {
        scheme + (text.firstIndex(of: ":").map { String(text[$0...]) } ?? ":" + text)
    }

    public func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint {
        let point = try base.meetingPoint(named: unique)
        return MeetingPoint(
            sending: Self.address(point.sending), receiving: Self.address(point.receiving), isPrivate: point.isPrivate,
            isOrdered: faults.promisesOrder ? point.isOrdered : false)
    }

    public func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        let number = record.noteOpening()
        if number < faults.failedOpenings { throw TransportError(.unreachable, "connection refused") }
        if let answers = faults.answers { return ScriptedSender(answers) }
        let sender = try base.openSender(opening)
        if number >= faults.faultyOpenings { return sender }
        if let fault = faults.fault { return BrokenSender(sender, fault) }
        return FaultySender(sender, faults, record)
    }
    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        let receiver = try base.openReceiver(opening)
        guard let fault = faults.fault else { return FaultyReceiver(receiver, faults) }
        return opening.mode == .peek ? receiver : BrokenReceiver(receiver, fault)
    }
    public func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin { try base.openAdmin(opening) }
}
