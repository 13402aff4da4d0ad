final class NSQTopic {
    let name: String
    /// Waits for the first channel.
    var backlog = NSQLine()
    var channels: [String: NSQChannel] = [:]
    var isPaused = false
    var messageCount = 0

    init(_ name: String) { self.name = name }

    /// Copies what waits into every channel, unless there is none or the topic is paused.
    func distribute() {
        guard !isPaused, !channels.isEmpty, !backlog.isEmpty else { return }
        for message in backlog.takeAll() {
            for channel in channels.values { channel.line.append(message) }
            for channel in channels.values { channel.messageCount += 1 }
        }
    }
}
