import MQCore
import MQNet

/// A message that is being posted.
struct PostJob {
    let position: Int
    let id: String?
    let attempt: Int
    var request: HTTPRequest
    /// The URL it was given to, and those that were not there.
    var target = 0
    var tried: Set<Int> = []
    /// Of the monotonic clock.
    var start: UInt64 = 0
    /// Copies of it that came meanwhile: they wait for what becomes of it.
    var copies: [PostJob] = []
}
