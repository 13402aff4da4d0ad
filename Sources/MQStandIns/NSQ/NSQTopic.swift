final class NSQTopic {
    let name: String
    /// Waits for the first channel.
    var backlog = NSQLine()
    var channels: [String: NSQChannel] = [:]
    var isPaused = false
    var (messageCount, byteCount) = (0, 0)

    init(_ name: String) { self.name = name }

    /// Copies what waits into every channel, unless there is none or the topic is paused.
    func distribute(_ now: Int64) {
        guard !isPaused, !channels.isEmpty, !backlog.isEmpty else { return }
        for message in backlog.takeAll() {
            for channel in channels.values {
                channel.requeue(message, after: message.deferral, now: now)
                channel.messageCount += 1
            }
        }
    }
}
