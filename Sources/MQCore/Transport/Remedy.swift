/// What would help against an error, told by its kind. A transport knows neither verbs nor their flags: the verb that fails finds
/// the words, and says nothing where it has no such flag.
public enum Remedy: Hashable, Sendable {
    /// Go on without the message that cannot be sent.
    case skip
    /// Leave out messages of no bytes.
    case skipEmpty
    /// Wait longer.
    case wait
    /// Keep restoring the connection.
    case retry
    /// Make the queue.
    case create
    /// Replace what is there.
    case replace
    /// Take a queue that exists already for success.
    case ifMissing
    /// Create the queue again with these options of its address, `["qbytes=64k", "set"]`, which changes it.
    case reconfigure([String])
    /// Look at the queue, which shows what is named: "its owner and mode".
    case show(String)
    /// List the queues.
    case list
    /// See what the address comes to, which shows what is named: "region and endpoint".
    case explain(String)
    /// An option of the address, and what it does: `option("base64", "sends any bytes")`.
    case option(String, String)
    /// Give the messages other identities.
    case newIdentity
    /// Say where the messages go.
    case destination
}
