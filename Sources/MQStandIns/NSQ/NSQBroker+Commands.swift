import Glibc
import MQCore

/// Protocol V2: what a client's bytes mean.
extension NSQBroker {
    /// Executes all commands that are complete in the client's input.
    func readCommands(_ client: NSQClient) {
        if client.state == .magic {
            guard client.input.count >= 4 else { return }
            guard client.input.starts(with: "  V2".utf8) else {
                client.reply(type: 1, Array("E_BAD_PROTOCOL".utf8))
                client.ending = .whenSent
                return
            }
            client.input.removeFirst(4)
            client.state = .new
        }
        var place = 0
        while client.ending == .none {
            let start = place
            switch step(client, &place) {
            case .success(true): continue
            case .success(false): place = start
            case .failure(let refusal):
                if settings.alwaysLosesOversizeError && refusal.text.holds("too big") {
                    client.ending = .reset
                    break
                }
                client.reply(type: 1, Array(refusal.text.utf8))
                guard refusal.isFatal else { continue }
                client.ending = .whenSent
            }
            break
        }
        if place > 0 { client.input.removeFirst(min(place, client.input.count)) }
    }

    /// Executes one command at `place`.
    /// - Returns: false when it is not complete yet.
    private func step(_ client: NSQClient, _ place: inout Int) -> Result<Bool, NSQRefusal> {
        let input = client.input
        guard let end = input[place...].firstIndex(of: 0x0a) else {
            if input.count - place >= 16384 { client.ending = .now }
            return .success(false)
        }
        if end - place >= 16384 {
            client.ending = .now
            return .success(false)
        }
        var line = String(decoding: input[place..<end], as: UTF8.self)
        if line.hasSuffix("\r") { line.removeLast() }
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        place = end + 1
        var body: [UInt8] = []
        if ["IDENTIFY", "AUTH", "PUB", "MPUB", "DPUB"].contains(words[0]) {
            // nsqd looks at the words before it reads the body.
            if let refusal = refusalBeforeBody(client, words) { return .failure(refusal) }
            guard input.count >= place + 4 else { return .success(false) }
            let size = Int(Int32(bitPattern: bigEndian(input, place)))
            if let refusal = refusal(ofSize: size, words[0]) { return .failure(refusal) }
            guard input.count >= place + 4 + size else { return .success(false) }
            body = Array(input[place + 4..<place + 4 + size])
            place += 4 + size
        }
        commandCounts[words[0], default: 0] += 1
        client.lastCommand = connectionNow
        if plays(settings.chances.reset) {
            client.ending = .reset
            return .success(true)
        }
        do {
            if let reply = try execute(client, words, body) { respond(client, reply) }
        } catch {
            return .failure(error)
        }
        // An upgrade replaced the layers: what came behind it went to the reader that is no more.
        if words[0] == "IDENTIFY" && !client.layers.isEmpty && settings.swallowsBehindIdentify { place = input.count }
        return .success(true)
    }

    private func respond(_ client: NSQClient, _ reply: String) {
        if settings.sendsHeartbeatBeforeReplies && reply == "OK" { sendHeartbeat(to: client) }
        client.reply(type: 0, Array(reply.utf8))
    }

    private func bigEndian(_ bytes: [UInt8], _ place: Int) -> UInt32 { bytes[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) } }

    private func refusal(ofSize size: Int, _ command: String) -> NSQRefusal? {
        let single = command == "PUB" || command == "DPUB"
        let limit = single ? settings.maximumMessageSize : settings.maximumBodySize
        let code = single ? "E_BAD_MESSAGE" : "E_BAD_BODY"
        let what = single ? "message body" : "body"
        if size <= 0 { return NSQRefusal("\(code) \(command) invalid \(what) size \(size)") }
        if size > limit { return NSQRefusal("\(code) \(command) \(single ? "message" : "body") too big \(size) > \(limit)") }
        return nil
    }

    private func refusalBeforeBody(_ client: NSQClient, _ words: [String]) -> NSQRefusal? {
        if words[0] != "IDENTIFY", let refusal = refusalInTheClear(client, words) { return refusal }
        switch words[0] {
        case "IDENTIFY", "AUTH":
            if client.state != .new { return NSQRefusal("E_INVALID cannot \(words[0]) in current state") }
        default:
            if words.count < (words[0] == "DPUB" ? 3 : 2) { return NSQRefusal("E_INVALID \(words[0]) insufficient number of parameters") }
            if !NSQName.isValid(words[1]) {
                let twice = words[0] == "MPUB" ? "E_BAD_TOPIC " : ""
                return NSQRefusal("E_BAD_TOPIC \(twice)\(words[0]) topic name \"\(words[1])\" is not valid")
            }
            if words[0] == "DPUB" {
                guard let delay = Int(words[2]) else { return NSQRefusal("E_INVALID DPUB could not parse timeout \(words[2])") }
                let limit = settings.maximumRequeueDelay.milliseconds
                if delay < 0 || delay > limit { return NSQRefusal("E_INVALID DPUB timeout \(delay) out of range 0-\(limit)") }
            }
        }
        return nil
    }

    private func refusalInTheClear(_ client: NSQClient, _ words: [String]) -> NSQRefusal? {
        if !settings.requiresTLS || client.layers.contains(where: { $0 is NSQTLSLayer }) { return nil }
        return NSQRefusal("E_INVALID cannot \(words[0]) in current state (TLS required)")
    }

    private func execute(_ client: NSQClient, _ words: [String], _ body: [UInt8]) throws(NSQRefusal) -> String? {
        if !["IDENTIFY", "NOP"].contains(words[0]), let refusal = refusalInTheClear(client, words) { throw refusal }
        switch words[0] {
        case "IDENTIFY": return try identify(client, body)
        case "AUTH": return try authorize(client, body)
        case "PUB", "MPUB", "DPUB": return try publish(client, words, body)
        case "SUB": return try subscribe(client, words)
        case "RDY": try setReady(client, words)
        case "FIN": try finish(client, words)
        case "REQ": try requeue(client, words)
        case "TOUCH": try touch(client, words)
        case "CLS": return try close(client)
        case "NOP": break
        default: throw NSQRefusal("E_INVALID invalid command \(words)")
        }
        return nil
    }

    private func authorize(_ client: NSQClient, _ body: [UInt8]) throws(NSQRefusal) -> String? {
        guard let secret = settings.secret else { throw NSQRefusal("E_AUTH_DISABLED AUTH disabled") }
        if client.isAuthorized { throw NSQRefusal("E_INVALID AUTH already set") }
        guard body == Array(secret.utf8) else { throw NSQRefusal("E_AUTH_FAILED AUTH failed") }
        client.isAuthorized = true
        return #"{"identity":"test","identity_url":"","permission_count":1}"#
    }

    private func checkAuthorization(_ client: NSQClient, _ command: String) throws(NSQRefusal) {
        if settings.secret != nil && !client.isAuthorized { throw NSQRefusal("E_AUTH_FIRST AUTH required before \(command)") }
    }

    // MARK: publishing

    private func publish(_ client: NSQClient, _ words: [String], _ body: [UInt8]) throws(NSQRefusal) -> String? {
        try checkAuthorization(client, words[0])
        if plays(settings.chances.throttle) { throw NSQRefusal("E_\(words[0])_FAILED \(words[0]) failed by chance") }
        if let words = settings.refusesPublishes { throw NSQRefusal(words) }
        var bodies = [body]
        if words[0] == "MPUB" { bodies = try split(body) }
        publish(bodies, to: words[1], delay: words[0] == "DPUB" ? (Int64(words[2]) ?? 0) * 1_000_000 : 0)
        client.publishCount += 1
        client.published[words[1], default: 0] += bodies.count
        if let limit = settings.cutsAfterPublishes, client.publishCount >= limit {
            client.ending = .reset
            return nil
        }
        return settings.withholdsPublishReplies ? nil : "OK"
    }

    /// All messages are looked at before the first is taken.
    func split(_ body: [UInt8]) throws(NSQRefusal) -> [[UInt8]] {
        guard body.count >= 4 else { throw NSQRefusal("E_BAD_BODY MPUB failed to read message count") }
        let count = Int(Int32(bitPattern: bigEndian(body, 0)))
        guard count > 0, count <= (settings.maximumBodySize - 4) / 5 else {
            throw NSQRefusal("E_BAD_BODY MPUB invalid message count \(count)")
        }
        var (place, bodies) = (4, [[UInt8]]())
        for number in 0..<count {
            guard body.count >= place + 4 else { throw NSQRefusal("E_BAD_MESSAGE MPUB failed to read message(\(number)) body size") }
            let size = Int(Int32(bitPattern: bigEndian(body, place)))
            guard size > 0 else { throw NSQRefusal("E_BAD_MESSAGE MPUB invalid message(\(number)) body size \(size)") }
            guard size <= settings.maximumMessageSize else {
                throw NSQRefusal("E_BAD_MESSAGE MPUB message too big \(size) > \(settings.maximumMessageSize)")
            }
            guard body.count >= place + 4 + size else { throw NSQRefusal("E_BAD_MESSAGE MPUB failed to read message body") }
            bodies.append(Array(body[place + 4..<place + 4 + size]))
            place += 4 + size
        }
        return bodies
    }

    // MARK: subscribing

    private func subscribe(_ client: NSQClient, _ words: [String]) throws(NSQRefusal) -> String? {
        guard client.state == .new else { throw NSQRefusal("E_INVALID cannot SUB in current state") }
        guard client.heartbeatInterval > 0 else { throw NSQRefusal("E_INVALID cannot SUB with heartbeats disabled") }
        guard words.count >= 3 else { throw NSQRefusal("E_INVALID SUB insufficient number of parameters") }
        guard NSQName.isValid(words[1]) else { throw NSQRefusal("E_BAD_TOPIC SUB topic name \"\(words[1])\" is not valid") }
        guard NSQName.isValid(words[2]) else { throw NSQRefusal("E_BAD_CHANNEL SUB channel name \"\(words[2])\" is not valid") }
        try checkAuthorization(client, "SUB")
        let topic = topic(words[1])
        let channel = channel(words[2], of: topic)
        channel.clients.append(client)
        (client.topic, client.channel, client.state) = (topic, channel, .subscribed)
        return "OK"
    }

    private func setReady(_ client: NSQClient, _ words: [String]) throws(NSQRefusal) {
        if client.state == .closing { return }
        guard client.state == .subscribed else { throw NSQRefusal("E_INVALID cannot RDY in current state") }
        guard let count = words.count > 1 ? Int(words[1]) : 1 else { throw NSQRefusal("E_INVALID RDY could not parse count \(words[1])") }
        guard (0...settings.maximumReady).contains(count) else {
            throw NSQRefusal("E_INVALID RDY count \(count) out of range 0-\(settings.maximumReady)")
        }
        client.hadRoom = count == 0 && (client.hadRoom || client.wantsMessage)
        client.ready = count
    }

    private func held(_ client: NSQClient, _ words: [String], parameters: Int) throws(NSQRefusal) -> (NSQChannel, [UInt8]) {
        guard client.state == .subscribed || client.state == .closing, let channel = client.channel else {
            throw NSQRefusal("E_INVALID cannot \(words[0]) in current state")
        }
        guard words.count > parameters else { throw NSQRefusal("E_INVALID \(words[0]) insufficient number of params") }
        guard words[1].utf8.count == 16 else { throw NSQRefusal("E_INVALID invalid message ID") }
        return (channel, Array(words[1].utf8))
    }

    private func finish(_ client: NSQClient, _ words: [String]) throws(NSQRefusal) {
        let (channel, id) = try held(client, words, parameters: 1)
        switch channel.take(id, of: client) {
        case .success(let entry):
            history?.append(entry.message.record("\(client.topic?.name ?? "")/\(channel.name)", .deleted))
            channel.finished += 1
            client.finished += 1
        case .failure(let why): throw NSQRefusal("E_FIN_FAILED FIN \(words[1]) failed \(why.text)", isFatal: false)
        }
    }

    private func requeue(_ client: NSQClient, _ words: [String]) throws(NSQRefusal) {
        let (channel, id) = try held(client, words, parameters: 2)
        guard let delay = Int(words[2]) else { throw NSQRefusal("E_INVALID REQ could not parse timeout \(words[2])") }
        let nanoseconds = min(max(Int64(delay) * 1_000_000, 0), settings.maximumRequeueDelay.loopbackNanoseconds)
        switch channel.take(id, of: client) {
        case .success(let entry):
            channel.requeued += 1
            client.requeued += 1
            channel.requeue(entry.message, after: nanoseconds, now: now)
        case .failure(let why): throw NSQRefusal("E_REQ_FAILED REQ \(words[1]) failed \(why.text)", isFatal: false)
        }
    }

    private func touch(_ client: NSQClient, _ words: [String]) throws(NSQRefusal) {
        let (channel, id) = try held(client, words, parameters: 1)
        guard let entry = channel.inFlight[id], entry.owner == client.number else {
            let why = channel.inFlight[id] == nil ? "ID not in flight" : "client does not own message"
            throw NSQRefusal("E_TOUCH_FAILED TOUCH \(words[1]) failed \(why)", isFatal: false)
        }
        let wanted = now + client.messageTimeout
        channel.inFlight[id]?.deadline = min(wanted, entry.delivered + settings.maximumMessageTimeout.loopbackNanoseconds)
    }

    private func close(_ client: NSQClient) throws(NSQRefusal) -> String? {
        guard client.state == .subscribed, let channel = client.channel else {
            throw NSQRefusal("E_INVALID cannot CLS in current state")
        }
        let mayHaveOneMore = client.hadRoom || client.wantsMessage
        (client.ready, client.state) = (0, .closing)
        respond(client, "CLOSE_WAIT")
        client.topic?.distribute(now)
        if settings.sendsMessageAfterCloseWait && mayHaveOneMore { deliver(from: channel, to: client, now: now) }
        return nil
    }
}
