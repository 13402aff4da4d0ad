/// An exchange that has ended.
public struct HTTPCompletion: Sendable {
    /// What `start` was given.
    public var tag: Int
    /// The reply, whatever its status, or why there is none.
    public var result: Result<HTTPReply, HTTPFailure>
    /// How often the request went out again before this, because a kept connection broke under it: the server may have acted each time.
    public var repeats: Int

    /// An exchange that went out once where `repeats` is not given.
    public init(tag: Int, result: Result<HTTPReply, HTTPFailure>, repeats: Int = 0) {
        self.tag = tag
        self.result = result
        self.repeats = repeats
    }
}
