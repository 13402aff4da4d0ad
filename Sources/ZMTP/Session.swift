import MQCore

/// One connection's protocol, without input or output: bytes in, actions out. However the bytes are cut, the actions are the same.
///
/// After READY the messages are `FrameScanner`'s; what it stops at, commands and a subscriber's messages, comes here.
public struct Session: Sendable {
    enum Phase: Sendable, Equatable {
        case greeting, welcome, hello, initiate, ready, established, failed
    }

    /// A property of ours, which others ignore.
    public static let keptProperty = "X-MQ-Taken"
    /// A command after READY, or a subscriber's message, may be as large.
    public static let largestCommand = 64 << 10

    let settings: Settings
    var phase = Phase.greeting
    private(set) var greeting = Greeting()
    /// What was heard of the peer in a handshake, even one that failed: its mechanism, its socket type, why it refused.
    public private(set) var theirMechanism: String?
    /// Printable; `nil` where it was not said.
    public private(set) var theirType: String?
    /// The reason of its ERROR, printable; a status of ZAP (RFC 27) for instance.
    public private(set) var theirReason: String?
    private var liveness: Liveness
    /// What the peer has taken of the messages sent on this connection.
    public var receipts = Receipts()
    private let handshakeEnds: UInt64
    /// In the middle of a subscriber's multipart message, which is no subscription.
    private var isBetweenFrames = false

    /// - Parameter now: nanoseconds of the monotonic clock, as everywhere here.
    public init(_ settings: Settings, at now: UInt64) {
        self.settings = settings
        liveness = Liveness(settings.liveness, at: now)
        handshakeEnds = settings.handshake.map { now &+ $0 } ?? .max
    }

    /// Whether messages may be sent.
    public var isEstablished: Bool { phase == .established }

    /// What is sent at once. With NULL that is READY, too; any further frame must wait for the peer's READY, since libzmq takes a
    /// message that comes in the same read for a handshake command and never comes back.
    public func start() -> [UInt8] {
        let greeting = Greeting(mechanism: settings.mechanism.name, isServer: settings.mechanism.isServer).bytes
        if case .null = settings.mechanism { return greeting + Command("READY", metadata.bytes).frame }
        return greeting
    }

    var metadata: Metadata {
        var properties: [(name: String, value: [UInt8])] = [("Socket-Type", Array(settings.role.name.utf8))]
        if settings.role.hasIdentity || !settings.identity.isEmpty { properties.append(("Identity", settings.identity)) }
        if settings.countsKept { properties.append((Self.keptProperty, [UInt8(ascii: "1")])) }
        return Metadata(properties)
    }

    // MARK: Bytes

    /// Takes bytes from the front of `bytes`. Once established, it stops at a message that its owner takes.
    /// - Returns: how many bytes are done with; the rest is to be given again with what comes behind it.
    public mutating func received(_ bytes: UnsafeRawBufferPointer, at now: UInt64) -> (consumed: Int, actions: [Action]) {
        var (consumed, actions) = (0, [Action]())
        if !bytes.isEmpty { liveness.heard(at: now) }
        while phase != .failed {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[consumed...])
            guard let count = step(rest, at: now, &actions) else { break }
            consumed += count
        }
        return (consumed, actions)
    }

    /// Bytes came that `FrameScanner` took.
    public mutating func heard(at now: UInt64) { liveness.heard(at: now) }

    /// - Returns: the bytes that were taken, or `nil` when more are needed.
    private mutating func step(_ bytes: UnsafeRawBufferPointer, at now: UInt64, _ actions: inout [Action]) -> Int? {
        if phase == .greeting { return greet(bytes, &actions) }
        switch FrameHeader.read(bytes) {
        case .incomplete: return nil
        case .malformed(let words): return fail(.malformed, "sent a broken frame: \(words)", &actions)
        case .header(let header):
            if phase == .established && !header.isCommand && (!settings.role.publishes || settings.handsMessagesOver) { return nil }
            let bound = phase == .established ? Self.largestCommand : Metadata.largest
            guard header.size <= bound else {
                return fail(.malformed, "sent a \(header.isCommand ? "command" : "frame") of \(header.size) bytes", &actions)
            }
            guard bytes.count >= header.length + header.size else { return nil }
            let body = UnsafeRawBufferPointer(rebasing: bytes[header.length..<(header.length + header.size)])
            if !header.isCommand {
                guard phase == .established else { return fail(.malformed, "sent a message before its READY", &actions) }
                hear(body, header, &actions)
            } else if phase == .established {
                obey(body, at: now, &actions)
            } else {
                shake(body, &actions)
            }
            return phase == .failed ? nil : header.length + header.size
        }
    }

    private mutating func greet(_ bytes: UnsafeRawBufferPointer, _ actions: inout [Action]) -> Int? {
        switch Greeting.read(bytes) {
        case .incomplete: return nil
        case .foreign(let peer): return fail(.foreign(peer), peer.sentence, &actions)
        case .greeting(let theirs):
            theirMechanism = theirs.mechanism
            guard theirs.mechanism == settings.mechanism.name else {
                return fail(.mechanism, "wants \(theirs.mechanism), and this end \(settings.mechanism.name)", &actions)
            }
            greeting = theirs
            switch settings.mechanism {
            case .null: phase = .ready
            case .plainServer: phase = .hello
            case .plainClient(let user, let password):
                phase = .welcome
                let data = [UInt8(truncatingIfNeeded: user.count)] + user + [UInt8(truncatingIfNeeded: password.count)] + password
                actions.append(.send(Command("HELLO", data).frame))
            }
            return Greeting.size
        }
    }

    @discardableResult
    mutating func fail(_ kind: Failure.Kind, _ sentence: String, farewell: Command? = nil, _ actions: inout [Action]) -> Int? {
        phase = .failed
        actions.append(.failed(Failure(kind, sentence, farewell: farewell?.frame ?? [])))
        return nil
    }

    // MARK: Handshake

    private mutating func shake(_ body: UnsafeRawBufferPointer, _ actions: inout [Action]) {
        guard let command = Command(body) else {
            fail(.malformed, "sent a command without a name", &actions)
            return
        }
        if command.name == "ERROR" {
            theirReason = command.reason
            fail(.refused, "refused the connection: \(command.reason)", &actions)
            return
        }
        switch (phase, command.name) {
        case (.ready, "READY"): meet(command.data, &actions)
        case (.welcome, "WELCOME"):
            phase = .ready
            actions.append(.send(Command("INITIATE", metadata.bytes).frame))
        case (.hello, "HELLO"): admit(command.data, &actions)
        case (.initiate, "INITIATE"):
            meet(command.data, &actions)
            if phase == .established { actions.insert(.send(Command("READY", metadata.bytes).frame), at: actions.count - 1) }
        default: fail(.malformed, "sent \(command.name) in the middle of the handshake", &actions)
        }
    }

    private mutating func admit(_ data: [UInt8], _ actions: inout [Action]) {
        guard case .plainServer(let admits) = settings.mechanism, let (user, rest) = Self.text(data[...]),
            let (password, end) = Self.text(rest), end.isEmpty
        else {
            fail(.malformed, "sent a broken HELLO", &actions)
            return
        }
        guard admits(Array(user), Array(password)) else {
            fail(.refused, "is not let in as '\(String(printing: user))'", farewell: .error("400"), &actions)
            return
        }
        phase = .initiate
        actions.append(.send(Command("WELCOME").frame))
    }

    /// A length of one byte and as many bytes.
    private static func text(_ data: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
        guard let count = data.first, data.count > Int(count) else { return nil }
        let start = data.startIndex + 1
        return (data[start..<(start + Int(count))], data[(start + Int(count))...])
    }

    /// The peer has said who it is.
    private mutating func meet(_ data: [UInt8], _ actions: inout [Action]) {
        guard let theirs = Metadata(data) else {
            fail(.malformed, "sent broken metadata", &actions)
            return
        }
        // A missing type is let in, as libzmq does.
        let name = theirs["Socket-Type"].map { String(printing: $0, most: 16) }
        theirType = name
        let role = name.flatMap { Role(rawValue: $0.lowercased()) }
        if let name, role == nil || !settings.role.peers.contains(role!) {
            fail(.type, "is a \(name)", farewell: .error("not a peer of \(settings.role.name)"), &actions)
            return
        }
        phase = .established
        if greeting.minor == 0 {
            receipts.cannotBe()
            liveness.askNothing()
        }
        actions.append(
            .ready(
                Peer(
                    role: role, minor: greeting.minor, identity: theirs["Identity"] ?? [],
                    countsKept: theirs[Self.keptProperty] == [UInt8(ascii: "1")])))
    }

    // MARK: After READY

    private mutating func obey(_ body: UnsafeRawBufferPointer, at now: UInt64, _ actions: inout [Action]) {
        if body.isEmpty { return }
        guard let command = Command(body) else {
            fail(.malformed, "sent a command without a name", &actions)
            return
        }
        switch command.name {
        case "PING":
            guard command.data.count >= 2 else {
                fail(.malformed, "sent a broken PING", &actions)
                return
            }
            liveness.peerLives(UInt16(command.data[0]) << 8 | UInt16(command.data[1]))
            actions.append(.pong(Command("PONG", Array(command.data.dropFirst(2).prefix(Command.longestContext))).frame))
        case "PONG":
            if receipts.answered(command.data) { actions.append(.receipt(receipts.taken)) }
        // Nobody but a publisher is sent these; libzmq's PULL would give them to its application.
        case "SUBSCRIBE": if settings.role.publishes { actions.append(.subscribe(command.data)) }
        case "CANCEL": if settings.role.publishes { actions.append(.cancel(command.data)) }
        case Self.keptMessages: if let number = command.number { actions.append(.kept(number)) }
        case "ERROR": fail(.refused, "ended the connection: \(command.reason)", &actions)
        default: break
        }
    }

    /// A subscription in the form that ZMTP 3.0 has for it. Anything else that a subscriber says is not for a publisher.
    private mutating func hear(_ body: UnsafeRawBufferPointer, _ header: FrameHeader, _ actions: inout [Action]) {
        defer { isBetweenFrames = header.hasMore }
        guard !header.hasMore, !isBetweenFrames, let first = body.first else { return }
        if first == 1 { actions.append(.subscribe(Array(body.dropFirst()))) }
        if first == 0 { actions.append(.cancel(Array(body.dropFirst()))) }
    }

    // MARK: Time

    /// When `timePassed` is to be called at the latest; `UInt64.max` is never.
    public var due: UInt64 {
        switch phase {
        case .failed: .max
        case .established: min(liveness.due, receipts.due)
        default: handshakeEnds
        }
    }

    /// - Parameter messages: how many were written on this connection so far.
    public mutating func timePassed(_ now: UInt64, messages: UInt64) -> [Action] {
        var actions: [Action] = []
        switch phase {
        case .failed: break
        case .established:
            receipts.timePassed(now)
            switch liveness.timePassed(now) {
            case .alive: break
            case .ping: actions.append(.send(ping(after: messages, at: now)))
            case .dead: fail(.silent, "has been silent for too long", &actions)
            }
        case .greeting where now >= handshakeEnds: fail(.silent, "accepted the connection and says nothing (is it ZeroMQ?)", &actions)
        default: if now >= handshakeEnds { fail(.silent, "did not finish the handshake", &actions) }
        }
        return actions
    }

    /// A PING that asks for a receipt of the `messages` written before it.
    public mutating func ping(after messages: UInt64, at now: UInt64) -> [UInt8] {
        receipts.ask(after: messages, timeToLive: settings.liveness.timeToLive, at: now).frame
    }

    /// The connection ended.
    /// - Parameter rest: what came and was not taken.
    /// - Returns: why, where that was before READY.
    public mutating func ended(_ rest: UnsafeRawBufferPointer) -> Failure? {
        defer { phase = .failed }
        switch phase {
        case .failed, .established: return nil
        case .greeting where rest.first.map { $0 != 0xff } ?? false:
            let peer = ForeignPeer(whole: rest)
            return Failure(.foreign(peer), peer.sentence)
        default: return Failure(.closed, "hung up during the handshake")
        }
    }
}

extension Session {
    static let keptMessages = "MQTAKEN"

    /// Says how many messages were kept of all that came.
    public static func kept(_ count: UInt64) -> [UInt8] { Command.number(keptMessages, count).frame }
    /// A subscription, in the form that a peer of this minor version takes.
    public static func subscription(_ topic: [UInt8], isCancelled: Bool = false, minor: UInt8) -> [UInt8] {
        if minor >= 1 { return Command(isCancelled ? "CANCEL" : "SUBSCRIBE", topic).frame }
        var frame: [UInt8] = []
        FrameHeader.append(flags: 0, size: topic.count + 1, to: &frame)
        frame.append(isCancelled ? 0 : 1)
        return frame + topic
    }
}
