import MQCore
import MQTesting
import Testing
import TransportMemory

extension ConformanceSubject {
    static let memory: ConformanceSubject = {
        var subject = ConformanceSubject(MemoryTransport.descriptor) {
            let transport = try MemoryTransport.at("mem:\(UniqueName.make()),depth=1000")
            return ConformanceQueue(sending: transport) {
                try? transport.openAdmin(Opening(stop: StopFlag())).delete()
            }
        }
        subject.creatable = { try MemoryTransport.at("mem:\(UniqueName.make())") }
        subject.temporary = { try MemoryTransport.at("mem:temp") }
        return subject
    }()
}

@Suite("mem", .ownThread, .timeLimit(.minutes(1)))
struct MemoryTests {
    @Test(arguments: Conformance.checks(for: .memory))
    func keepsTheContract(check: ConformanceCheck) throws { try check.run(on: .memory) }

    @Test func discardsWithoutAName() throws {
        let sender = try MemoryTransport.at("mem:").openSender(Opening(stop: StopFlag()))
        var batch = Batch()
        for _ in 0..<1000 { batch.append([UInt8](repeating: 1, count: 100)) }
        for _ in 0..<1000 { #expect(try sender.send(batch, 0..<1000, until: .never, stop: StopFlag()) == 1000) }
        #expect(sender.confirmed == 1_000_000)
    }

    @Test func largestMessageIsAnOption() throws {
        let transport = try MemoryTransport.at("mem:\(UniqueName.make()),max-message=10")
        let sender = try transport.openSender(Opening(stop: StopFlag()))
        var batch = Batch()
        batch.append([UInt8](repeating: 1, count: 11))
        #expect(sender.refusal(in: batch, 0..<1)?.error.code == .unsendable)
    }

    @Test func depthCountsMessages() throws {
        let transport = try MemoryTransport.at("mem:\(UniqueName.make()),depth=3")
        let sender = try transport.openSender(Opening(stop: StopFlag()))
        var batch = Batch()
        for _ in 0..<7 { batch.append([]) }
        #expect(try sender.send(batch, 0..<7, until: .immediately, stop: StopFlag()) == 3)
    }
}
