internal import MQCore

/// What an nsqd says of itself and of what it holds.
struct AdminReport: Sendable {
    var version = ""
    /// `OK`, or what is wrong (a disk that cannot be written).
    var health = ""
    /// Seconds since 1970.
    var startTime = 0
    var topics: [AdminTopic] = []
    /// Those that have published on a connection that stands.
    var publishers: [AdminClient] = []
}
