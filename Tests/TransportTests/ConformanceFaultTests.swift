import MQCore
import MQTesting
import Testing
import TransportMemory

/// A kit that never fails proves nothing: each of these breaks one promise, and must be found out.
@Suite("the conformance kit finds", .ownThread, .timeLimit(.minutes(1)))
struct ConformanceFaultTests {
    @Test(arguments: Fault.allCases)
    func everyFault(fault: Fault) throws {
        var subject = ConformanceSubject(MemoryTransport.descriptor) {
            let base = try MemoryTransport.at("mem:\(UniqueName.make()),depth=1000,max-message=100000")
            var faults = Faults()
            faults.fault = fault
            return ConformanceQueue(sending: FaultyTransport(base, faults))
        }
        subject.streamLength = 500
        subject.patience = .milliseconds(300)
        let finding = Conformance.checks(for: subject).first { check in
            do { try check.run(on: subject) } catch { return true }
            return false
        }
        #expect((finding == nil) == (fault == .nothing), "\(fault): \(finding?.description ?? "")")
    }
}
