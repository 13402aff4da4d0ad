import Glibc

final class NSQChannel {
    struct InFlight {
        var message: NSQMessage
        /// Gone clients stay here as a number nobody has.
        let owner: Int
        var deadline: Int64
        let delivered: Int64
    }

    let name: String
    var line = NSQLine()
    var inFlight: [[UInt8]: InFlight] = [:]
    var deferred: [(due: Int64, message: NSQMessage)] = []
    var clients: [NSQClient] = []
    var isPaused = false
    var (requeued, timedOut, finished, messageCount) = (0, 0, 0, 0)
    /// Who gets the next message, so that clients take turns.
    var turn = 0

    init(_ name: String) { self.name = name }

    var state: NSQStandIn.ChannelState {
        NSQStandIn.ChannelState(
            depth: line.count, inFlight: inFlight.count, deferred: deferred.count, requeued: requeued, timedOut: timedOut,
            finished: finished, clients: clients.count)
    }

    var hasTimers: Bool { !inFlight.isEmpty || !deferred.isEmpty }

    func runTimers(_ now: Int64) {
        for (id, entry) in inFlight where entry.deadline <= now {
            inFlight[id] = nil
            timedOut += 1
            release(entry.owner)
            line.append(entry.message)
        }
        guard deferred.contains(where: { $0.due <= now }) else { return }
        for entry in deferred where entry.due <= now { line.append(entry.message) }
        deferred.removeAll { $0.due <= now }
    }

    func release(_ owner: Int) {
        if let client = clients.first(where: { $0.number == owner }) { client.inFlightCount -= 1 }
    }

    /// Takes a message out of flight for one who owns it; else says why not, in nsqd's words.
    func take(_ id: [UInt8], of client: NSQClient) -> Result<InFlight, NSQRefusal> {
        guard let entry = inFlight[id] else { return .failure(NSQRefusal("ID not in flight")) }
        guard entry.owner == client.number else { return .failure(NSQRefusal("client does not own message")) }
        inFlight[id] = nil
        client.inFlightCount -= 1
        return .success(entry)
    }

    func requeue(_ message: NSQMessage, after delay: Int64, now: Int64) {
        if delay == 0 { line.append(message) } else { deferred.append((now + delay, message)) }
    }

    /// The next client that may have one more message.
    func nextReadyClient() -> NSQClient? {
        for step in 0..<clients.count {
            let client = clients[(turn + step) % clients.count]
            if client.wantsMessage {
                turn = (turn + step + 1) % clients.count
                return client
            }
        }
        return nil
    }

    func empty() {
        for entry in inFlight.values { release(entry.owner) }
        (line, inFlight, deferred) = (NSQLine(), [:], [])
    }
}
