import Glibc
import MQCore
import MQStandIns
import MQTesting
import Synchronization
import Testing
import TransportSysV

extension ConformanceSubject {
    static let sysV: ConformanceSubject = {
        var subject = ConformanceSubject(SysVTransport.descriptor) {
            let transport = try SysVTransport.at("sysv:\(UniqueName.key())")
            _ = try transport.openAdmin(Opening(stop: StopFlag())).create(exclusive: true)
            return ConformanceQueue(sending: transport) {
                try? transport.openAdmin(Opening(stop: StopFlag())).delete()
            }
        }
        subject.missing = { try SysVTransport.at("sysv:\(UniqueName.key())") }
        subject.creatable = subject.missing
        subject.temporary = { try SysVTransport.at("sysv:temp") }
        return subject
    }()
}

/// A queue made for one test and removed behind it.
final class SysVQueueFixture {
    let key: Int
    let stop = StopFlag()

    init(_ options: String = "") throws {
        key = UniqueName.key()
        #expect(try admin(options).create(exclusive: true))
    }

    deinit { try? admin().delete() }

    func at(_ options: String = "") throws -> SysVTransport { try .at("sysv:\(key)\(options)") }
    func admin(_ options: String = "", notices: Notices = .none) throws -> any Admin {
        var opening = Opening(stop: stop)
        opening.notices = notices
        return try at(options).openAdmin(opening)
    }

    /// Sends one message of each type, its body being the type in decimal.
    func send(types: [Int]) throws {
        var batch = Batch()
        for type in types {
            batch.append(Array("\(type)".utf8))
            var properties = MessageProperties()
            properties.type = type
            batch.setProperties(properties)
        }
        let sender = try at().openSender(Opening(stop: stop))
        #expect(try sender.send(batch, 0..<types.count, until: .immediately, stop: stop) == types.count)
    }

    /// Everything that an address with those options receives without waiting.
    func receive(_ options: String, mode: ReceiveMode = .consume) throws -> [String] {
        var opening = Opening(stop: stop)
        opening.mode = mode
        let receiver = try at(options).openReceiver(opening)
        var batch = Batch()
        while try receiver.receive(into: &batch, limit: 100, byteLimit: 1 << 20, until: .immediately, stop: stop) == .received {}
        return (0..<batch.count).map { String(decoding: batch.bytes(of: $0), as: UTF8.self) }
    }
}

@Suite("sysv", .ownThread, .timeLimit(.minutes(1)))
struct SysVTests {
    @Test(arguments: Conformance.checks(for: .sysV))
    func keepsTheContract(check: ConformanceCheck) throws { try check.run(on: .sysV) }

    // MARK: Addresses

    @Test(arguments: [
        ("sysv:0x4d51", "0x4d51"), ("sysv:19793", "0x4d51"), ("sysv:0xffffffff", "0xffffffff"), ("sysv:-1", "0xffffffff"),
        ("sysv:4294967295", "0xffffffff"), ("sysv:0x80000000", "0x80000000"),
    ])
    func keysAreNumbersOf32Bits(address: String, hex: String) throws {
        #expect(try SysVTransport.at(address).explain().first?.value == .text(hex))
    }

    @Test(arguments: [
        "sysv:0", "sysv:0x0", "sysv:0x100000000", "sysv:-2147483649", "sysv:orders", "sysv:id=", "sysv:id=-1", "sysv:id=x",
        "sysv:id=2147483648", "sysv:/tmp,proj=0", "sysv:/tmp,proj=256", "sysv:/tmp,proj=ab", "sysv:0x1,proj=1",
        "sysv:0x1,type=0", "sysv:0x1,type=1,max-type=2", "sysv:0x1,not-type=1,type=1", "sysv:0x1,mode=0888", "sysv:0x1,owner=no-such-user",
    ])
    func impossibleAddressesAreUsageErrors(address: String) {
        let error = #expect(throws: TransportError.self) { try SysVTransport.at(address) }
        #expect(error?.code == .usage)
    }

    @Test func pathsGiveTheKeyOfFtok() throws {
        for (text, project) in [("1", 1), ("255", 255), ("A", 65), ("0x41", 65)] {
            let facts = try SysVTransport.at("sysv:/etc/passwd,proj=\(text)").explain()
            let expected = ftok("/etc/passwd", CInt(project))
            #expect(facts.first { $0.key == "key_decimal" }?.value == .identifier(Int(expected)))
            #expect(facts.map(\.key).contains("inode"))
        }
        let error = #expect(throws: TransportError.self) {
            _ = try SysVTransport.at("sysv:/no/such/file").openReceiver(Opening(stop: StopFlag()))
        }
        #expect(error?.code == .noSuchQueue)
    }

    @Test func anIdentifierReachesTheSameQueue() throws {
        let queue = try SysVQueueFixture()
        try queue.send(types: [5])
        guard case .identifier(let id) = try queue.admin().status()["id"] else { throw ConformanceFailure("no id") }
        let receiver = try SysVTransport.at("sysv:id=\(id)").openReceiver(Opening(stop: queue.stop))
        var batch = Batch()
        #expect(try receiver.receive(into: &batch, limit: 1, byteLimit: 100, until: .immediately, stop: queue.stop) == .received)
    }

    // MARK: Types

    @Test func typesSelect() throws {
        let queue = try SysVQueueFixture()
        try queue.send(types: [5, 2, 9, 2, 7, 1])
        #expect(try queue.receive(",type=2") == ["2", "2"])
        #expect(try queue.receive(",max-type=7") == ["1", "5", "7"])
        try queue.send(types: [3, 9, 4])
        #expect(try queue.receive(",not-type=9") == ["3", "4"])
        #expect(try queue.receive("") == ["9", "9"])
    }

    @Test func peekingSelectsAsReceivingDoes() throws {
        let queue = try SysVQueueFixture()
        try queue.send(types: [5, 2, 9, 2, 7, 1])
        for options in [",type=2", ",not-type=2", "", ",max-type=6"] {
            let shown = try queue.receive(options, mode: .peek)
            let taken = try queue.receive(options)
            #expect(shown == taken, "\(options)")
            try queue.send(types: taken.compactMap { Int($0) })
        }
    }

    @Test func peekingReadsNoMoreThanIsAskedFor() throws {
        let queue = try SysVQueueFixture()
        try queue.send(types: Array(repeating: 1, count: 3000))
        var opening = Opening(stop: queue.stop)
        opening.mode = .peek
        func seconds(_ count: Int) throws -> Double {
            let receiver = try queue.at().openReceiver(opening)
            var batch = Batch()
            let start = Deadline.now()
            while batch.count < count,
                try receiver.receive(
                    into: &batch, limit: count - batch.count, byteLimit: 1 << 20, until: .immediately, stop: queue.stop) == .received
            {}
            #expect(batch.count == count)
            return Double(Deadline.now() - start) / 1e9
        }
        // All of them cost the kernel four and a half million steps, ten of them fifty.
        let all = try seconds(3000)
        #expect(try (0..<3).map { _ in try seconds(10) }.min()! < all / 20)
    }

    @Test func peekingAtALargeQueueSaysThatItTakesLong() throws {
        let made = try SysVQueueFixture()
        let sender = try made.at().openSender(Opening(stop: made.stop))
        var batch = Batch()
        for _ in 0..<8_500 { batch.append([]) }
        #expect(try sender.send(batch, 0..<8_500, until: .immediately, stop: made.stop) == 8_500)
        let heard = Mutex<[String]>([])
        var opening = Opening(stop: made.stop)
        opening.mode = .peek
        opening.notices = Notices { if case .warning(let text) = $0 { heard.withLock { $0.append(text) } } }
        for total in [10, .max] {
            opening.total = total
            let receiver = try made.at().openReceiver(opening)
            var shown = Batch()
            #expect(try receiver.receive(into: &shown, limit: 10, byteLimit: 1000, until: .immediately, stop: made.stop) == .received)
            #expect(heard.withLock { $0.count } == (total == 10 ? 0 : 1))
        }
        #expect(heard.withLock { $0.first }?.contains("8,500 messages") == true)
    }

    @Test func peekingEndsAtOnceWhenTheFlagIsRaised() throws {
        let queue = try SysVQueueFixture()
        try queue.send(types: Array(repeating: 1, count: 3000))
        var opening = Opening(stop: queue.stop)
        opening.mode = .peek
        let receiver = try queue.at(",max-type=5").openReceiver(opening)
        let stop = StopFlag()
        let raising = Background {
            usleep(2000)
            stop.raise()
        }
        var batch = Batch()
        let start = Deadline.now()
        while try receiver.receive(into: &batch, limit: 10_000, byteLimit: 1 << 20, until: .never, stop: stop) == .received {}
        try raising.join()
        #expect(batch.count < 3000 && Deadline.now() - start < 50_000_000)
    }

    @Test func typeOfAllMessagesIsADefault() throws {
        let queue = try SysVQueueFixture()
        var opening = Opening(stop: queue.stop)
        opening.defaults.type = 42
        let sender = try queue.at().openSender(opening)
        var batch = Batch()
        batch.append([0x61])
        #expect(try sender.send(batch, 0..<1, until: .immediately, stop: queue.stop) == 1)
        #expect(try queue.receive(",type=42") == ["a"])
        opening.defaults.type = 0
        let error = #expect(throws: TransportError.self) { _ = try queue.at().openSender(opening) }
        #expect(error?.code == .usage)
    }

    @Test func typeZeroIsRefusedBeforeSending() throws {
        let queue = try SysVQueueFixture()
        let sender = try queue.at().openSender(Opening(stop: queue.stop))
        var batch = Batch()
        batch.append([1])
        var properties = MessageProperties()
        properties.type = 0
        batch.setProperties(properties)
        #expect(sender.refusal(in: batch, 0..<1)?.error.code == .unsendable)
    }

    // MARK: Sizes

    @Test func aMessageThatCouldNeverFitIsRefused() throws {
        let queue = try SysVQueueFixture(",qbytes=500")
        let sender = try queue.at().openSender(Opening(stop: queue.stop))
        #expect(sender.maximumMessageSize == 500)
    }

    @Test func aQueueMadeSmallerDoesNotBlockForEver() throws {
        let queue = try SysVQueueFixture(",qbytes=1000")
        let sender = try queue.at().openSender(Opening(stop: queue.stop))
        #expect(try queue.admin(",qbytes=300,set").create(exclusive: false) == false)
        var batch = Batch()
        batch.append([UInt8](repeating: 1, count: 400))
        let error = #expect(throws: TransportError.self) { try sender.send(batch, 0..<1, until: .never, stop: queue.stop) }
        #expect(error?.code == .unsendable)
    }

    @Test func emptyMessagesFillAQueueByTheirNumber() throws {
        let queue = try SysVQueueFixture(",qbytes=3")
        let sender = try queue.at().openSender(Opening(stop: queue.stop))
        var batch = Batch()
        for _ in 0..<5 { batch.append([]) }
        #expect(try sender.send(batch, 0..<5, until: .immediately, stop: queue.stop) == 3)
    }

    @Test func truncationIsOnlyOnRequest() throws {
        let queue = try SysVQueueFixture()
        try queue.send(types: [123456])
        #expect(try queue.receive(",truncate=3") == ["123"])
    }

    // MARK: Looking after queues

    @Test func creatingSetsSizeAndExactMode() throws {
        let queue = try SysVQueueFixture(",qbytes=4k,mode=0666")
        let status = try queue.admin().status()
        #expect(status["qbytes"] == .bytes(4096))
        #expect(status["mode"] == .mode(0o666))
        #expect(status.address == "sysv:0x\(String(queue.key, radix: 16))")
    }

    @Test func anExistingQueueIsComparedAndChangedOnlyOnRequest() throws {
        let queue = try SysVQueueFixture(",qbytes=4k")
        let heard = Mutex<[String]>([])
        let notices = Notices { if case .warning(let text) = $0 { heard.withLock { $0.append(text) } } }
        #expect(try queue.admin(",qbytes=2k,mode=0640", notices: notices).create(exclusive: false) == false)
        #expect(heard.withLock { $0.first }?.contains("qbytes=4096 instead of 2048") == true)
        #expect(try queue.admin().status()["qbytes"] == .bytes(4096))
        _ = try queue.admin(",qbytes=2k,mode=0640,set", notices: notices).create(exclusive: false)
        #expect(try queue.admin().status()["qbytes"] == .bytes(2048))
        #expect(try queue.admin().status()["mode"] == .mode(0o640))
    }

    @Test func sendAndReceiveMakeAQueueOnlyOnRequest() throws {
        let key = UniqueName.key()
        #expect(throws: TransportError.self) { _ = try SysVTransport.at("sysv:\(key)").openReceiver(Opening(stop: StopFlag())) }
        let transport = try SysVTransport.at("sysv:\(key),create,qbytes=1k")
        _ = try transport.openSender(Opening(stop: StopFlag()))
        let admin = try transport.openAdmin(Opening(stop: StopFlag()))
        #expect(try admin.status()["qbytes"] == .bytes(1024))
        try admin.delete()
    }

    @Test func aTemporaryQueueGoesWithItsLastUser() throws {
        var transport: SysVTransport? = try .at("sysv:temp")
        var sender: (any Sender)? = try transport!.openSender(Opening(stop: StopFlag()))
        let id = transport!.explain().first { $0.key == "id" }?.value
        guard case .identifier(let number) = id else { throw ConformanceFailure("no id") }
        let other = try SysVTransport.at("sysv:id=\(number)").openAdmin(Opening(stop: StopFlag()))
        transport = nil
        #expect(try other.status()["messages"] == .number(0))
        #expect(sender != nil)
        sender = nil
        #expect(throws: TransportError.self) { try other.status() }
    }

    @Test func limitsSayWhatRaisesThem() throws {
        let limits = try SysVTransport.at("sysv:").openAdmin(Opening(stop: StopFlag())).list().limits
        #expect(Set(limits.map(\.fact.key)) == ["msgmni", "msgmax", "msgmnb"])
        for limit in limits { #expect(limit.remedy.contains("sysctl kernel.\(limit.fact.key)")) }
    }

    @Test func sizeAboveTheLimitNamesIt() throws {
        let transport = try SysVTransport.at("sysv:\(UniqueName.key()),qbytes=1GiB")
        let admin = try transport.openAdmin(Opening(stop: StopFlag()))
        do {
            _ = try admin.create(exclusive: true)
            try admin.delete()  // CAP_SYS_RESOURCE
        } catch {
            #expect(error.code == .permission)
            #expect(error.sentence.contains("kernel.msgmnb"))
            #expect(throws: TransportError.self, "half a queue was left behind") { try admin.status() }
        }
    }
}
