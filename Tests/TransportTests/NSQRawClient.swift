import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

/// Either nsqd: what a test of the protocol needs to know of it.
struct NSQBrokerUnderTest: Sendable, CustomTestStringConvertible {
    enum Kind: String, Sendable { case real, standIn }
    let kind: Kind
    var testDescription: String { kind.rawValue }

    static var all: [NSQBrokerUnderTest] {
        (NSQDaemon.isAvailable ? [NSQBrokerUnderTest(kind: .real)] : []) + [NSQBrokerUnderTest(kind: .standIn)]
    }

    /// How long nothing must come until nothing will: what the stand-in has to say is there once its time has passed.
    var moment: Duration { kind == .real ? .milliseconds(300) : .milliseconds(20) }

    /// Runs `body` against a new broker and lets it say how much time passes: the stand-in goes by a clock that is moved.
    func runInTime(body: (_ tcpPort: Int, _ pass: (Duration) -> Void) throws -> Void) throws {
        switch kind {
        case .real:
            let daemon = try NSQDaemon()
            try body(daemon.tcpPort) { usleep(UInt32($0.nanoseconds / 1000)) }
        case .standIn:
            let hands = HandClocks()
            let daemon = try NSQ.standIn(by: hands)
            try body(daemon.tcpPort) { duration in
                // Its thread goes round twice: what was sent is read, then what is due happens.
                for _ in 0..<2 { _ = daemon.commands }
                hands.advance(duration)
                for _ in 0..<2 { _ = daemon.commands }
            }
            daemon.stop()
        }
    }

    /// Runs `body` against a new broker. `arguments` and `change` must say the same in both languages.
    func run(
        _ arguments: [String] = [], _ change: @Sendable (inout NSQStandIn.Settings) -> Void = { _ in },
        body: (_ tcpPort: Int, _ httpPort: Int) throws -> Void
    ) throws {
        switch kind {
        case .real:
            let daemon = try NSQDaemon(arguments: arguments)
            try body(daemon.tcpPort, daemon.httpPort)
        case .standIn:
            var settings = NSQStandIn.Settings()
            change(&settings)
            let daemon = try NSQStandIn(settings)
            try body(daemon.tcpPort, daemon.httpPort)
            daemon.stop()
        }
    }
}

/// The least client of protocol V2 that can look at a broker's bytes.
final class NSQRawClient {
    enum Event: Equatable {
        case response(String)
        case error(String)
        case message(id: String, attempts: Int, body: String)
        case ended
        case reset
        case nothing
    }

    let socket: LoopbackSocket
    private var input: [UInt8] = []
    /// How many bytes each read brought.
    private(set) var reads: [Int] = []

    init(port: Int, magic: Bool = true) throws {
        socket = try LoopbackSocket.connect(port: port)
        if magic { socket.write("  V2") }
    }

    func send(_ line: String) { socket.write("\(line)\n") }
    func send(_ line: String, body: [UInt8]) { socket.write(Self.command(line, body)) }

    static func command(_ line: String, _ body: [UInt8]) -> [UInt8] { Array("\(line)\n".utf8) + number(body.count) + body }
    static func number(_ number: Int) -> [UInt8] { withUnsafeBytes(of: Int32(number).bigEndian) { Array($0) } }
    static func batch(_ bodies: [String]) -> [UInt8] {
        bodies.reduce(number(bodies.count)) { $0 + number($1.utf8.count) + Array($1.utf8) }
    }

    func identify(_ json: String) { send("IDENTIFY", body: Array(json.utf8)) }

    /// The next frame; heartbeats are answered and left out unless they are asked for.
    func next(_ limit: Duration = .seconds(5), heartbeats: Bool = false) -> Event {
        let end = ContinuousClock.now + limit
        while true {
            if let event = takeFrame() {
                if event == .response("_heartbeat_") && !heartbeats {
                    send("NOP")
                    continue
                }
                return event
            }
            let rest = end - ContinuousClock.now
            if rest <= .zero { return .nothing }
            socket.setReadLimit(rest)
            let before = input.count
            switch socket.read(appendingTo: &input) {
            case .bytes: reads.append(input.count - before)
            case .ended: return .ended
            case .timedOut: return .nothing
            case .failed: return .reset
            }
        }
    }

    private func takeFrame() -> Event? {
        guard input.count >= 8 else { return nil }
        let size = Int(integer(0))
        guard input.count >= 4 + size else { return nil }
        let (type, data) = (integer(4), Array(input[8..<4 + size]))
        input.removeFirst(4 + size)
        switch type {
        case 0: return .response(String(decoding: data, as: UTF8.self))
        case 1: return .error(String(decoding: data, as: UTF8.self))
        default:
            return .message(
                id: String(decoding: data[10..<26], as: UTF8.self), attempts: Int(data[8]) << 8 | Int(data[9]),
                body: String(decoding: data[26...], as: UTF8.self))
        }
    }

    private func integer(_ place: Int) -> UInt32 { input[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) } }

    /// Bytes that are no frame: what is behind the last one.
    func takeRest() -> [UInt8] {
        defer { input = [] }
        return input
    }

    /// The next message's id and attempts; fails the test when something else comes.
    func message(_ body: String, _ limit: Duration = .seconds(5), location: SourceLocation = #_sourceLocation) -> (
        id: String, attempts: Int
    )? {
        let event = next(limit)
        guard case .message(let id, let attempts, let text) = event, text == body else {
            Issue.record("\(event) instead of \(body)", sourceLocation: location)
            return nil
        }
        return (id, attempts)
    }

    /// Expects an error whose text begins so, and the end of the connection.
    func expectFatal(_ text: String, location: SourceLocation = #_sourceLocation) {
        let event = next()
        if case .error(let words) = event, words.hasPrefix(text) {
        } else {
            Issue.record("\(event) instead of \(text)", sourceLocation: location)
        }
        let ending = next()
        #expect(ending == .ended || ending == .reset, sourceLocation: location)
    }
}
