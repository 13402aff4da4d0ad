import MQCore
import MQTesting

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
