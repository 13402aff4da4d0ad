/// What every endpoint is given when it is opened.
public struct Opening: Sendable {
    /// Bounds the opening itself, a wait for a first peer included.
    public var deadline: Deadline = .never
    /// Ends the opening when it is raised.
    public var stop: StopFlag
    /// Where warnings and the bound endpoint go.
    public var notices: Notices = .none
    /// What messages carry that say nothing else (`--priority` and its kin).
    public var defaults = MessageProperties()
    /// A receiver that shows messages must be opened as one that does.
    public var mode: ReceiveMode = .consume
    /// The most messages to hold that were not handed over yet; `nil` leaves it to the transport.
    public var prefetch: Int?
    /// How many messages the owner of a receiver will ask for in all, `.max` for every one there is: so many may be taken before a call of
    /// `receive` asks for them. `nil` leaves it to each call.
    public var total: Int?
    /// The other end is in this process, too.
    public var sharesProcess = false
    /// A receiver hands over what is ready at once, instead of giving the sender a moment to make the batch larger.
    public var isPrompt = false
    /// How long an established connection that broke is restored, with back-off; `nil` is not at all.
    public var retry: Duration?
    /// The receiver ends (`Outcome.ended`) when the last sender has gone.
    public var endsWithLastSender = false
    /// The receiver may end (`Outcome.ended`) as soon as it knows that the queue is empty: for a transport that can tell so only by
    /// asking. Others are taken to be empty when no message came for `Descriptor.emptyWait`.
    public var endsWhenEmpty = false
    /// Where an endpoint says what of it is read again when somebody asks for that; `nil` where nobody does.
    public var rereadings: Rereadings?
    /// A request that failed is not repeated: for whoever asks again by himself.
    public var triesOnce = false
    /// What heartbeats, back-off and all that is kept for a time go by.
    public var clocks = Clocks.system

    /// An opening without bounds, with standard settings.
    public init(stop: StopFlag) { self.stop = stop }
}
