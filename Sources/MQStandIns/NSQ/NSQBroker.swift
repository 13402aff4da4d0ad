import Glibc

/// What the stand-in keeps: topics, channels, clients. Touched by its one thread only.
final class NSQBroker {
    var settings: NSQStandIn.Settings
    let ports: (tcp: Int, http: Int)
    let layers: NSQLayers
    var topics: [String: NSQTopic] = [:]
    var clients: [NSQClient] = []
    var httpClients: [NSQClient] = []
    var commandCounts: [String: Int] = [:]
    let startTime = wallNanoseconds() / 1_000_000_000
    /// Topics that nsqlookupd says nobody has here any more.
    var tombstones: Set<String> = []
    /// What was set over HTTP, and has no effect here.
    var (logLevel, lookupAddresses) = (2, [String]())
    /// Messages that were finished, for the record; `nil` when nobody wants it.
    var history: [StandInRecord]?
    private var lastID: UInt64 = 0x0d1c_0000_0000_0000

    init(_ settings: NSQStandIn.Settings, ports: (tcp: Int, http: Int), layers: NSQLayers) {
        (self.settings, self.ports, self.layers) = (settings, ports, layers)
    }

    /// Milliseconds until something is due, at a resolution that is enough for tests.
    var pollTimeout: CInt {
        if settings.clock != nil { return clients.isEmpty ? -1 : 1 }
        if clients.contains(where: { $0.isHolding || $0.notBefore > 0 }) || httpClients.contains(where: { $0.notBefore > 0 }) { return 2 }
        let hasTimers = topics.values.contains { $0.channels.values.contains { $0.hasTimers } }
        return hasTimers ? 10 : clients.isEmpty ? -1 : 50
    }

    // MARK: topics

    func topic(_ name: String) -> NSQTopic {
        if let found = topics[name] { return found }
        let made = NSQTopic(name)
        topics[name] = made
        return made
    }

    func channel(_ name: String, of topic: NSQTopic) -> NSQChannel {
        if let found = topic.channels[name] { return found }
        let made = NSQChannel(name)
        topic.channels[name] = made
        return made
    }

    func publish(_ bodies: [[UInt8]], to name: String, delay: Int64 = 0) {
        let topic = topic(name)
        topic.messageCount += bodies.count
        for body in bodies {
            topic.byteCount += body.count
            lastID += 1
            let digits = Array("0123456789abcdef".utf8)
            let id = (0..<16).map { digits[Int(lastID >> (60 - 4 * UInt64($0)) & 15)] }
            topic.backlog.append(
                NSQMessage(id: id, timestamp: wallNanoseconds(), body: body, deferral: settings.forgetsDelays ? 0 : delay))
        }
    }

    func delete(_ topic: NSQTopic) {
        for channel in topic.channels.values { delete(channel, of: topic) }
        topics[topic.name] = nil
        tombstones.remove(topic.name)
    }

    /// The clients of a deleted channel are cut off.
    func delete(_ channel: NSQChannel, of topic: NSQTopic) {
        for client in channel.clients { client.ending = .now }
        topic.channels[channel.name] = nil
        if topic.name.hasSuffix("#ephemeral") && topic.channels.isEmpty { topics[topic.name] = nil }
    }

    // MARK: time

    /// What messages go by: the clock that is common to all brokers.
    var now: Int64 { settings.clock.map { Int64($0()) } ?? loopbackNanoseconds() }
    /// What connections go by: the machine's.
    var connectionNow: Int64 { settings.clock.map { Int64($0()) } ?? realNanoseconds() }

    func runTimers(_ now: Int64) {
        for topic in topics.values {
            for channel in topic.channels.values where channel.hasTimers { channel.runTimers(now) }
        }
        let now = connectionNow
        for client in clients {
            client.releaseWhenDue(realNanoseconds())
            if client.heartbeatInterval > 0 {
                if now - client.lastHeartbeat >= client.heartbeatInterval && client.state != .magic {
                    client.lastHeartbeat = now
                    if !settings.isSilent { sendHeartbeat(to: client) }
                }
                if now - client.lastCommand >= 2 * client.heartbeatInterval { client.ending = .now }
            }
        }
    }

    func sendHeartbeat(to client: NSQClient) { client.reply(type: 0, Array("_heartbeat_".utf8)) }

    /// Gives messages to whoever may have some.
    func pump() {
        let now = self.now
        for topic in topics.values {
            topic.distribute(now)
            for channel in topic.channels.values where !channel.isPaused {
                while !channel.line.isEmpty, let client = channel.nextReadyClient(), deliver(from: channel, to: client, now: now) {}
            }
        }
        // A client that just got all it may have is flushed at once, as nsqd does.
        for client in clients { client.releaseWhenDue(realNanoseconds()) }
    }

    /// What nobody has finished.
    var left: [StandInRecord] {
        topics.values.sorted { $0.name < $1.name }.flatMap { topic -> [StandInRecord] in
            topic.backlog.all.map { $0.record(topic.name, .left) }
                + topic.channels.values.sorted { $0.name < $1.name }.flatMap { channel -> [StandInRecord] in
                    let name = "\(topic.name)/\(channel.name)"
                    return (channel.line.all + channel.deferred.map(\.message)).map { $0.record(name, .left) }
                        + channel.inFlight.values.map { $0.message.record(name, .inFlight) }
                }
        }
    }

    func plays(_ probability: Double) -> Bool { probability > 0 && Double.random(in: 0..<1) < probability }

    @discardableResult
    func deliver(from channel: NSQChannel, to client: NSQClient, now: Int64) -> Bool {
        guard var message = channel.line.takeFirst() else { return false }
        if client.sampleRate > 0 && Int.random(in: 0..<100) > client.sampleRate { return true }
        message.attempts &+= 1
        channel.inFlight[message.id] = NSQChannel.InFlight(
            message: message, owner: client.number, deadline: now + client.messageTimeout, delivered: now)
        client.inFlightCount += 1
        client.received += 1
        client.deliver(message, now: realNanoseconds())
        if plays(settings.chances.duplicate) { channel.line.append(message) }
        return true
    }

    // MARK: leaving

    func removeEnded() {
        let isOver = { (client: NSQClient) in client.ending == .now || client.ending == .reset }
        for client in clients where isOver(client) { leave(client) }
        for client in clients + httpClients where client.ending == .reset { client.socket.resetWhenClosed() }
        clients.removeAll(where: isOver)
        httpClients.removeAll(where: isOver)
    }

    private func leave(_ client: NSQClient) {
        guard let channel = client.channel, let topic = client.topic else { return }
        channel.clients.removeAll { $0 === client }
        if !settings.keepsInFlightOfTheGone {
            for (id, entry) in channel.inFlight where entry.owner == client.number {
                channel.inFlight[id] = nil
                channel.line.append(entry.message)
            }
        }
        if channel.clients.isEmpty && channel.name.hasSuffix("#ephemeral") { delete(channel, of: topic) }
    }
}
