import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportSQS

/// Dead letters that SQS does not move by itself.
@Suite("sqs, redrive", .ownThread, .timeLimit(.minutes(1)))
struct SQSRedriveTests {
    private func redrive(_ queue: SQSQueue, to destination: String? = nil) throws -> Int {
        try queue.at().openAdmin(Opening(stop: queue.stop)).redrive(Redrive(destination: destination), stop: queue.stop) { _ in }.moved
    }

    /// One that knows neither tasks nor the sources of a dead-letter queue.
    private static func simpleServer() throws -> SQSStandIn {
        let server = try SQSStandIn()
        server.change { $0.missing = ["StartMessageMoveTask", "ListMessageMoveTasks", "ListDeadLetterSourceQueues"] }
        return server
    }

    private let letters = (0..<12).map { Array("letter \($0)".utf8) }

    @Test("From a queue that is no queue's dead-letter queue, SQS refuses a task, and the messages are moved one by one")
    func noSource() throws {
        let server = try SQSStandIn()
        let (from, to) = (try SQSQueue(server.endpoint), try SQSQueue(server.endpoint))
        try from.send(letters)
        server.change { $0.operations["StartMessageMoveTask"] = .refuse(code: "InvalidParameterValue") }
        #expect(try redrive(from, to: "sqs:\(to.name)") == letters.count)
        #expect(try Set(to.drain().map(\.body)) == Set(letters) && server.bodies(in: from.name)?.isEmpty == true)
    }

    @Test("Where neither tasks nor sources can be asked for, the source is found by what the queues say of themselves")
    func noQuestions() throws {
        let server = try Self.simpleServer()
        let dead = try SQSQueue(server.endpoint)
        let source = try SQSQueue(server.endpoint, options: ",dead-letter-queue=\(dead.name),max-receives=1")
        try dead.send(letters)
        #expect(try redrive(dead) == letters.count)
        #expect(try Set(source.drain().map(\.body)) == Set(letters) && server.bodies(in: dead.name)?.isEmpty == true)
    }

    @Test("A queue to which no queue sends its dead letters needs --to, and nothing is moved")
    func nowhere() throws {
        for server in [try Self.simpleServer(), try SQSStandIn()] { try refusesWithoutDestination(server) }
    }

    private func refusesWithoutDestination(_ server: SQSStandIn) throws {
        let queue = try SQSQueue(server.endpoint)
        try queue.send(letters)
        let error = #expect(throws: TransportError.self) { try redrive(queue) }
        #expect(error?.code == .usage && error?.remedy == .destination)
        #expect(server.bodies(in: queue.name)?.count == letters.count)
    }
}
