import MQCore
import MQTesting
import Synchronization

@testable import MQCommands

/// A bridge between queues of this process.
struct MemoryBridge {
    let fixture = Fixture()
    let source: MemoryBroker
    let destinations: [MemoryBroker]
    let dead: MemoryBroker
    /// What is between the bridge and its destinations.
    let wrap: (Int, any Transport) -> any Transport

    init(
        destinations count: Int = 1, _ options: String = "", through wrap: @escaping (Int, any Transport) -> any Transport = { $1 }
    ) throws {
        self.wrap = wrap
        source = try MemoryBroker(fixture)
        destinations = try (0..<count).map { [fixture] _ in try MemoryBroker(fixture, options) }
        dead = try MemoryBroker(fixture)
    }

    /// Moves what is there.
    func run(buries: Bool = false, _ change: (inout BridgeSession.Plan) -> Void = { _ in }) throws -> Ending {
        var session = WorkPlan(source.address)
        session.drains = true
        session.persistence.backoff = try Backoff(parsing: "1ms:1ms")
        if buries { session.deadLetters = DeadLetters.Plan(attempts: nil, address: dead.address, retry: nil) }
        var plan = BridgeSession.Plan(session)
        change(&plan)
        var surroundings = Surroundings(transport: source.transport)
        (surroundings.isWatched, surroundings.deadLetters) = (false, dead.transport)
        return try BridgeSession(
            plan, to: destinations.map(\.address), console: quiet, surroundings: surroundings,
            transports: destinations.enumerated().map { wrap($0.offset, $0.element.transport) }
        ).run()
    }

    func cleanUp() { fixture.cleanUp() }

    static func bodies(_ count: Int) -> [String] { (0..<count).map { "\($0):" + String(repeating: "x", count: $0 % 97) } }
}

/// Opens a number of times by way of another transport, which breaks, and then plainly.
struct BreakingTransport: Transport {
    static let descriptor = LateTransport.descriptor

    private final class Count: Sendable {
        let left: Atomic<Int>
        init(_ number: Int) { left = Atomic(number) }
    }

    private let base: any Transport
    private let breaking: any Transport
    private let count: Count

    init(_ base: any Transport, times: Int, _ faults: Faults) {
        (self.base, breaking, count) = (base, FaultyTransport(base, faults), Count(times))
    }

    init(_ address: Address, options: OptionValues) throws(TransportError) { throw TransportError(.unsupported, "made by tests only") }

    func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint { try base.meetingPoint(named: unique) }

    func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        let isBreaking = count.left.subtract(1, ordering: .relaxed).oldValue > 0
        return try (isBreaking ? breaking : base).openSender(opening)
    }
}

/// Fails to open a number of times.
struct LateTransport: Transport {
    static let descriptor = Descriptor(
        name: "late", schemes: ["late"], summary: "is late", forms: [], capabilities: [.send], options: [], notes: [], examples: [])

    private final class Count: Sendable {
        let left: Atomic<Int>
        init(_ number: Int) { left = Atomic(number) }
    }

    private let base: any Transport
    private let count: Count

    init(_ base: any Transport, failures: Int) { (self.base, count) = (base, Count(failures)) }

    init(_ address: Address, options: OptionValues) throws(TransportError) { throw TransportError(.unsupported, "made by tests only") }

    func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint { try base.meetingPoint(named: unique) }

    func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        if count.left.subtract(1, ordering: .relaxed).oldValue > 0 { throw TransportError(.unreachable, "connection refused") }
        return try base.openSender(opening)
    }
}
