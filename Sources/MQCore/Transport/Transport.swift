/// Moves messages between this process and one kind of queue.
///
/// A transport is a value that knows where; an endpoint (`Sender`, `Receiver`, `Admin`) holds the open connection and
/// belongs to the one thread that uses it. To add a transport: one folder, one line in the registry, and a run of the
/// conformance kit. Which error to throw when is said in `TransportError.Code`.
public protocol Transport: Sendable {
    /// Name, schemes, capabilities and options: the one source of help, man page, completion and checks.
    static var descriptor: Descriptor { get }

    /// Understands an address without opening anything.
    ///
    /// An empty target is allowed, since `list` has no queue yet; opening an endpoint then throws `usage`.
    /// - Throws: `usage` for a target or option value that can never be right, `configuration` for a broken setting.
    init(_ address: Address, options: OptionValues) throws(TransportError)

    /// How the address was understood, for `mq explain`: what was derived beyond the options themselves.
    func explain() -> [Fact]

    /// The addresses at which processes meet that were given this one: for `temp`, those of a queue called `unique`.
    /// - Throws: `unsupported` for an address that no other process can use.
    func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint

    /// Whether a receiver's messages come from several queues, and say from which (`MessageProperties.queue`).
    var mixesQueues: Bool { get }

    /// Asks whoever keeps the queues whether he serves clients, by an exchange of the transport's own protocol: an open port is not
    /// enough. Nothing is made, sent or taken.
    /// - Returns: what he says of himself.
    /// - Throws: why a sender or a receiver could not be opened now: `unreachable`, `protocolViolation`, `permission`, `noSuchQueue` where a
    ///   queue of its own is all there is; `tryAgain` when the deadline passes or the stop flag is raised; `usage` for an address at
    ///   which nobody can be asked.
    func probe(_ opening: Opening) throws(TransportError) -> [Fact]

    /// Environment variables by which programs of others find whoever keeps the queues of this address, where the address says it.
    func clientVariables() -> [(name: String, value: String)]

    /// - Throws: `unsupported` without the capability, `noSuchQueue`, `permission`, `unreachable`, `cannotCreate`.
    func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender
    func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver
    func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin

    /// - Parameter asksAgain: whether a request without a reply is made once more: a late reply must then be told from the one awaited.
    func openRequester(_ opening: Opening, asksAgain: Bool) throws(TransportError) -> sending any Requester

    /// - Parameter width: how many requests are answered at once.
    func openResponder(_ opening: Opening, width: Int) throws(TransportError) -> sending any Responder

    /// Joins this address, the front of a proxy, with its back.
    /// - Throws: `usage` for two that do not go together, before either is opened.
    func openRelay(to back: any Transport, _ opening: Opening) throws(TransportError) -> sending any Relay
}

extension Transport {
    public func explain() -> [Fact] { [] }
    public var mixesQueues: Bool { false }
    public func clientVariables() -> [(name: String, value: String)] { [] }

    /// Queues that are all there is answer by being there.
    public func probe(_ opening: Opening) throws(TransportError) -> [Fact] { try openAdmin(opening).status().facts }

    public func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        throw Self.descriptor.lacks(.send)
    }
    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        throw Self.descriptor.lacks(.receive)
    }
    public func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin {
        throw Self.descriptor.lacks(.admin)
    }
    public func openRequester(_ opening: Opening, asksAgain: Bool) throws(TransportError) -> sending any Requester {
        throw Self.descriptor.lacks(.request)
    }
    public func openResponder(_ opening: Opening, width: Int) throws(TransportError) -> sending any Responder {
        throw Self.descriptor.lacks(.request)
    }
    public func openRelay(to back: any Transport, _ opening: Opening) throws(TransportError) -> sending any Relay {
        throw Self.descriptor.lacks(.relay)
    }
}
