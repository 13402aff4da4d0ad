/// An exchange that has ended.
public struct HTTPCompletion: Sendable {
    /// What `start` was given.
    public var tag: Int
    public var result: Result<HTTPReply, HTTPFailure>

    public init(tag: Int, result: Result<HTTPReply, HTTPFailure>) {
        self.tag = tag
        self.result = result
    }
}
