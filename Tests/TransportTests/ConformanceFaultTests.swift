import Glibc
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
            return ConformanceQueue(sending: FaultyTransport(base: base, fault: fault))
        }
        subject.streamLength = 500
        subject.patience = .milliseconds(300)
        let finding = Conformance.checks(for: subject).first { check in
            do { try check.run(on: subject) } catch { return true }
            return false
        }
        #expect((finding == nil) == (fault == .none), "\(fault): \(finding?.description ?? "")")
    }
}

enum Fault: CaseIterable {
    case none, drops, duplicates, changesABody, takesOneTooMany, comesLate, ignoresTheStop, refusesNothing, dirtiesTheBuffer
    case losesWhatIsPutBack, forgetsToConfirm, countsPositionsInABatch
}

private struct FaultyTransport: Transport {
    static var descriptor: Descriptor { MemoryTransport.descriptor }
    let base: MemoryTransport
    let fault: Fault

    init(base: MemoryTransport, fault: Fault) {
        self.base = base
        self.fault = fault
    }

    init(_ address: Address, options: OptionValues) throws(TransportError) {
        self.init(base: try MemoryTransport(address, options: options), fault: .none)
    }

    func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint { try base.meetingPoint(named: unique) }
    func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        FaultySender(try base.openSender(opening), fault)
    }
    func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        if opening.mode == .peek { return try base.openReceiver(opening) }
        return FaultyReceiver(try base.openReceiver(opening), fault)
    }
    func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin { try base.openAdmin(opening) }
}

private final class FaultySender: Sender {
    private let base: any Sender
    private let fault: Fault
    private var sent = 0

    init(_ base: any Sender, _ fault: Fault) {
        self.base = base
        self.fault = fault
    }

    var maximumMessageSize: Int? { base.maximumMessageSize }
    var confirmed: Int { fault == .forgetsToConfirm ? 0 : base.confirmed }
    func refusal(in batch: borrowing Batch, _ range: Range<Int>) -> Refusal? {
        fault == .refusesNothing ? nil : base.refusal(in: batch, range)
    }
    func flush(until deadline: Deadline, stop: StopFlag) throws(TransportError) { try base.flush(until: deadline, stop: stop) }

    func send(
        _ batch: borrowing Batch, _ range: Range<Int>, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Int {
        let seen = fault == .ignoresTheStop ? StopFlag() : stop
        let bound = fault == .ignoresTheStop && deadline.isNever ? .after(.milliseconds(400)) : deadline
        let count = try base.send(batch, range, until: bound, stop: seen)
        sent += count
        if fault == .dirtiesTheBuffer && count > 0 { (batch.start(of: range.lowerBound) - 1).storeBytes(of: 1, as: UInt8.self) }
        if fault == .dirtiesTheBuffer && count > 1 { (batch.start(of: range.lowerBound + 1) - 1).storeBytes(of: 1, as: UInt8.self) }
        if fault == .duplicates && count > 0 {
            _ = try base.send(batch, range.lowerBound..<range.lowerBound + 1, until: .immediately, stop: seen)
        }
        return count
    }
}

private final class FaultyReceiver: Receiver {
    private let base: any Receiver
    private let fault: Fault
    /// The position of the first message of the last call.
    private var start = 0

    init(_ base: any Receiver, _ fault: Fault) {
        self.base = base
        self.fault = fault
    }

    func receive(
        into batch: inout Batch, limit: Int, byteLimit: Int, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> Outcome {
        let seen = fault == .ignoresTheStop ? StopFlag() : stop
        let bound = fault == .ignoresTheStop && deadline.isNever ? .after(.milliseconds(400)) : deadline
        if fault == .drops {
            var lost = Batch()
            _ = try base.receive(into: &lost, limit: 1, byteLimit: 1, until: .immediately, stop: seen)
            if lost.count > 0 { try base.settle(last: 1, as: .acknowledge) }
        }
        let first = batch.count
        start = base.handedOver
        let outcome = try base.receive(
            into: &batch, limit: fault == .takesOneTooMany ? limit + 1 : limit, byteLimit: byteLimit, until: bound, stop: seen)
        if fault == .comesLate { usleep(70_000) }
        if fault == .changesABody && batch.count > first && batch.size(of: first) > 0 {
            batch.start(of: first).storeBytes(of: 0xff, as: UInt8.self)
        }
        return outcome
    }

    var handedOver: Int { base.handedOver }

    func settle(_ positions: Range<Int>, as settlement: Settlement) throws(TransportError) {
        if fault == .countsPositionsInABatch && positions.upperBound <= start {
            return try base.settle(positions.lowerBound + start..<positions.upperBound + start, as: settlement)
        }
        try base.settle(positions, as: fault == .losesWhatIsPutBack ? .acknowledge : settlement)
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) { try base.close(until: deadline, stop: stop) }
}
