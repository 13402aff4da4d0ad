/// What a transport can do; checked before anything is opened.
public struct Capabilities: OptionSet, Sendable {
    /// One bit per capability; not kept anywhere, so they may be numbered anew.
    public let rawValue: UInt32
    /// The capabilities of these bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Messages can be sent.
    public static let send = Capabilities(rawValue: 1 << 0)
    /// Messages can be received.
    public static let receive = Capabilities(rawValue: 1 << 1)
    /// A message is the receiver's only once acknowledged.
    public static let acknowledge = Capabilities(rawValue: 1 << 2)
    /// A message can be put back.
    public static let requeue = Capabilities(rawValue: 1 << 3)
    /// Messages can be shown and left where they are.
    public static let peek = Capabilities(rawValue: 1 << 4)
    /// Queues can be listed, made and removed.
    public static let admin = Capabilities(rawValue: 1 << 5)
    /// A message carries `MessageProperties.priority`.
    public static let priority = Capabilities(rawValue: 1 << 6)
    /// A message carries `MessageProperties.type`.
    public static let type = Capabilities(rawValue: 1 << 7)
    /// A message can be held back for a time.
    public static let delay = Capabilities(rawValue: 1 << 8)
    /// A message carries named values.
    public static let attributes = Capabilities(rawValue: 1 << 9)
    /// A message can belong to a group within which order is kept.
    public static let group = Capabilities(rawValue: 1 << 10)
    /// A message can consist of several frames.
    public static let frames = Capabilities(rawValue: 1 << 11)
    /// The receiver learns that the last sender has gone.
    public static let untilClosed = Capabilities(rawValue: 1 << 12)
    /// `SCHEME:temp` is a private queue that goes with its process.
    public static let temporary = Capabilities(rawValue: 1 << 13)
    /// A receiver takes exactly what it was asked for.
    public static let exactCount = Capabilities(rawValue: 1 << 14)
    /// The queues are in this machine's kernel.
    public static let kernel = Capabilities(rawValue: 1 << 15)
    /// Other processes do not see the queues.
    public static let processLocal = Capabilities(rawValue: 1 << 16)
    /// A queue can be paused.
    public static let pause = Capabilities(rawValue: 1 << 17)
    /// Dead letters can be moved back to where they failed.
    public static let redrive = Capabilities(rawValue: 1 << 18)
    /// How often a message was delivered is known.
    public static let attempts = Capabilities(rawValue: 1 << 19)
    /// A queue is made by its first use.
    public static let createsOnUse = Capabilities(rawValue: 1 << 20)
    /// The messages of one sender come in the order in which they were sent.
    public static let ordered = Capabilities(rawValue: 1 << 21)
    /// When the queue took a message is known.
    public static let timestamps = Capabilities(rawValue: 1 << 22)
    /// Who is connected to a queue is known.
    public static let clients = Capabilities(rawValue: 1 << 23)
    /// A queue is held by several brokers that can be managed one by one.
    public static let nodes = Capabilities(rawValue: 1 << 24)
    /// Requests can be made, and answered.
    public static let request = Capabilities(rawValue: 1 << 25)
    /// Two addresses can be joined by a proxy.
    public static let relay = Capabilities(rawValue: 1 << 26)

    /// In the order and the words in which they are shown.
    public static let all: [(Capabilities, String)] = [
        (.send, "send"), (.receive, "receive"), (.acknowledge, "acknowledge"), (.requeue, "requeue"),
        (.peek, "peek"), (.admin, "admin"), (.priority, "priority"), (.type, "type"), (.delay, "delay"),
        (.attributes, "attributes"), (.group, "group"), (.frames, "frames"), (.untilClosed, "until-closed"),
        (.temporary, "temp"), (.exactCount, "exact-count"),
        (.kernel, "kernel"), (.processLocal, "process-local"), (.pause, "pause"), (.redrive, "redrive"), (.attempts, "attempts"),
        (.createsOnUse, "creates-on-use"), (.ordered, "ordered"), (.timestamps, "timestamps"), (.clients, "clients"), (.nodes, "nodes"),
        (.request, "request"), (.relay, "proxy"),
    ]

    /// Their words, for lists and errors.
    public var names: [String] { Self.all.filter { contains($0.0) }.map(\.1) }
}
