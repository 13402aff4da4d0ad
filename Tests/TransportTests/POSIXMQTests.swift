import Glibc
import MQCore
import MQTesting
import Synchronization
import Testing
import TransportPOSIXMQ

extension ConformanceSubject {
    static let posixMQ: ConformanceSubject = {
        // Shallow enough that several tests at once stay within the user's RLIMIT_MSGQUEUE.
        var subject = ConformanceSubject(POSIXMQTransport.descriptor) {
            let transport = try POSIXMQTransport.at("posix-mq:/\(UniqueName.make()),maxmsg=8,msgsize=1k")
            _ = try transport.openAdmin(Opening(stop: StopFlag())).create(exclusive: true)
            return ConformanceQueue(sending: transport) {
                try? transport.openAdmin(Opening(stop: StopFlag())).delete()
            }
        }
        subject.missing = { try POSIXMQTransport.at("posix-mq:/\(UniqueName.make())") }
        subject.creatable = { try POSIXMQTransport.at("posix-mq:/\(UniqueName.make()),maxmsg=4,msgsize=256") }
        subject.temporary = { try POSIXMQTransport.at("posix-mq:temp,maxmsg=8,msgsize=1k") }
        return subject
    }()
}

/// A queue made for one test and removed behind it.
private final class QueueFixture {
    let name = UniqueName.make()
    let stop = StopFlag()

    init(_ options: String = ",maxmsg=8,msgsize=1k") throws {
        #expect(try at(options).openAdmin(Opening(stop: stop)).create(exclusive: true))
    }

    deinit { try? at().openAdmin(Opening(stop: stop)).delete() }

    func at(_ options: String = "") throws -> POSIXMQTransport { try .at("posix-mq:/\(name)\(options)") }

    func admin(_ options: String = "", notices: Notices = .none) throws -> any Admin {
        var opening = Opening(stop: stop)
        opening.notices = notices
        return try at(options).openAdmin(opening)
    }

    func send(_ bodies: [(String, Int)]) throws {
        var batch = Batch()
        for (body, priority) in bodies {
            batch.append(body.utf8)
            var properties = MessageProperties()
            properties.priority = priority
            batch.setProperties(properties)
        }
        let sender = try at().openSender(Opening(stop: stop))
        #expect(try sender.send(batch, 0..<batch.count, until: .immediately, stop: stop) == bodies.count)
    }

    func receive() throws -> [String] {
        let receiver = try at().openReceiver(Opening(stop: stop))
        var batch = Batch()
        while try receiver.receive(into: &batch, limit: 100, byteLimit: 1 << 20, until: .immediately, stop: stop) == .received {}
        return (0..<batch.count).map { String(decoding: batch.bytes(of: $0), as: UTF8.self) }
    }
}

private func failure(_ body: () throws -> Void) -> TransportError? {
    do {
        try body()
        return nil
    } catch {
        return error as? TransportError
    }
}

@Suite("posix-mq", .ownThread, .timeLimit(.minutes(1)))
struct POSIXMQTests {
    @Test(arguments: Conformance.checks(for: .posixMQ))
    func keepsTheContract(check: ConformanceCheck) throws { try check.run(on: .posixMQ) }

    // MARK: Names

    @Test(arguments: [("posix-mq:/jobs", "/jobs"), ("posix-mq:jobs", "/jobs"), ("posix-mq:/a.b-c", "/a.b-c")])
    func aNameMayLackItsSlash(address: String, name: String) throws {
        #expect(try POSIXMQTransport.at(address).explain().first?.value == .text(name))
    }

    @Test(arguments: [
        ("posix-mq:/a/b", "one slash"), ("posix-mq:..", "not a name"), ("posix-mq:/" + String(repeating: "x", count: 256), "256 bytes"),
        ("posix-mq:fd=x", "not a descriptor"), ("posix-mq:fd=-1", "not a descriptor"),
    ])
    func aNameThatCanNeverBeIsAUsageError(address: String, words: String) {
        let error = failure { _ = try POSIXMQTransport.at(address) }
        #expect(error?.code == .usage)
        #expect(error?.message.contains(words) == true)
    }

    @Test func theLongestNameIsAName() throws {
        _ = try POSIXMQTransport.at("posix-mq:/" + String(repeating: "x", count: 255))
    }

    @Test func anAddressWithoutANameOpensNothing() throws {
        let transport = try POSIXMQTransport.at("posix-mq:")
        #expect(failure { _ = try transport.openSender(Opening(stop: StopFlag())) }?.code == .usage)
    }

    // MARK: Priorities

    @Test func theHighestPriorityComesFirstAndWithinOneTheOldest() throws {
        let queue = try QueueFixture()
        try queue.send([("low", 0), ("high 1", 9), ("middle", 5), ("high 2", 9), ("highest", 32767)])
        #expect(try queue.receive() == ["highest", "high 1", "high 2", "middle", "low"])
    }

    @Test func aPriorityAboveTheHighestIsRefusedBeforeItIsSent() throws {
        let queue = try QueueFixture()
        let sender = try queue.at().openSender(Opening(stop: queue.stop))
        var batch = Batch()
        batch.append("x".utf8)
        var properties = MessageProperties()
        properties.priority = 32768
        batch.setProperties(properties)
        #expect(sender.refusal(in: batch, 0..<1)?.error.code == .unsendable)
    }

    // MARK: Limits, and the words for them

    @Test func aDepthAboveTheKernelsNamesTheSysctl() throws {
        let error = failure {
            _ = try POSIXMQTransport.at("posix-mq:/\(UniqueName.make()),maxmsg=65536").openAdmin(Opening(stop: StopFlag())).create(
                exclusive: true)
        }
        #expect(error?.code == .cannotCreate)
        #expect(error?.message.contains("maxmsg=65536 is above fs.mqueue.msg_max") == true)
        #expect(error?.hint?.contains("sysctl -w fs.mqueue.msg_max=65536") == true)
    }

    @Test func aMessageSizeAboveTheKernelsNamesTheSysctl() throws {
        let error = failure {
            _ = try POSIXMQTransport.at("posix-mq:/\(UniqueName.make()),msgsize=16M").openAdmin(Opening(stop: StopFlag())).create(
                exclusive: true)
        }
        #expect(error?.message.contains("fs.mqueue.msgsize_max") == true)
    }

    /// In a process of its own, whose limit can be lowered without harm to other tests.
    @Test func whatAUserMayNotAffordIsSaidInBytes() throws {
        let name = UniqueName.make()
        defer { try? POSIXMQTransport.at("posix-mq:/\(name)").openAdmin(Opening(stop: StopFlag())).delete() }
        let command = "ulimit -q 4096; exec \"$0\" create posix-mq:/\(name),maxmsg=10,msgsize=1024"
        let result = try Executable("/bin/bash").run("-c", command, try Executable.mq().path)
        #expect(result.status == 73)
        #expect(result.errorText.contains("10 messages of 1,024 bytes need 11,200 bytes of this user's 4,096 (RLIMIT_MSGQUEUE)"))
        #expect(result.errorText.contains("at msgsize=1024 at most maxmsg=3 fits"))
    }

    // MARK: Creating

    @Test func theModeIsExactWhateverTheUmask() throws {
        let queue = try QueueFixture(",maxmsg=2,msgsize=64,mode=0666")
        #expect(try queue.admin().status()["mode"] == .mode(0o666))
    }

    @Test func theAttributesOfAnExistingQueueAreLeftAndTheDifferenceIsSaid() throws {
        let queue = try QueueFixture(",maxmsg=2,msgsize=64")
        let said = Mutex<[String]>([])
        let notices = Notices { notice in
            if case .warning(let text) = notice { said.withLock { $0.append(text) } }
        }
        #expect(try queue.admin(",maxmsg=4,msgsize=64", notices: notices).create(exclusive: false) == false)
        #expect(said.withLock { $0 }.first?.contains("maxmsg is 2, not 4") == true)
        #expect(try queue.admin().status()["maxmsg"] == .number(2))
    }

    @Test func sendingCreatesNothingUnlessAsked() throws {
        let name = UniqueName.make()
        #expect(failure { _ = try POSIXMQTransport.at("posix-mq:/\(name)").openSender(Opening(stop: StopFlag())) }?.code == .noSuchQueue)
        let creating = try POSIXMQTransport.at("posix-mq:/\(name),create,maxmsg=2,msgsize=64")
        _ = try creating.openSender(Opening(stop: StopFlag()))
        try creating.openAdmin(Opening(stop: StopFlag())).delete()
    }

    // MARK: Looking

    @Test func statusCountsMessagesAndBytes() throws {
        let queue = try QueueFixture()
        try queue.send([("12345", 0), ("", 1), ("123", 2)])
        let status = try queue.admin().status()
        #expect(status["messages"] == .number(3))
        #expect(status["bytes"] == .bytes(8))
        #expect(status["maxmsg"] == .number(8))
    }

    @Test func aListHoldsTheQueueAndTheLimits() throws {
        let queue = try QueueFixture()
        let listing: QueueListing
        do {
            listing = try queue.admin().list()
        } catch let error as TransportError where error.code == .permission {
            print("skipped: queues cannot be listed here (\(error.sentence))")
            return
        }
        #expect(listing.queues.contains { $0.address == "posix-mq:/\(queue.name)" })
        #expect(listing.limits.map(\.fact.key) == ["queues_max", "msg_max", "msgsize_max", "rlimit_msgqueue"])
    }

    // MARK: Handed-over descriptors

    @Test func anInheritedDescriptorIsUsedAndLeftOpen() throws {
        let queue = try QueueFixture()
        // The kernel's own name for an open queue: any descriptor of it will do.
        let descriptor = try #require(queue.openDescriptor())
        defer { close(descriptor) }
        let transport = try POSIXMQTransport.at("posix-mq:fd=\(descriptor)")
        var batch = Batch()
        batch.append("handed over".utf8)
        do {
            let sender = try transport.openSender(Opening(stop: queue.stop))
            #expect(try sender.send(batch, 0..<1, until: .immediately, stop: queue.stop) == 1)
        }
        #expect(fcntl(descriptor, F_GETFD) >= 0)
        #expect(try queue.receive() == ["handed over"])
    }

    @Test func aDescriptorOfSomethingElseIsRefused() throws {
        let transport = try POSIXMQTransport.at("posix-mq:fd=0")
        #expect(failure { _ = try transport.openSender(Opening(stop: StopFlag())) }?.message.contains("not an open message queue") == true)
    }
}

extension QueueFixture {
    /// mq_open(3) is variadic and not in the Glibc module; the two-argument form is not.
    fileprivate func openDescriptor() -> CInt? {
        guard let symbol = dlsym(nil, "mq_open") else { return nil }
        let open = unsafeBitCast(symbol, to: (@convention(c) (UnsafePointer<CChar>, CInt) -> CInt).self)
        let result = open("/\(name)", O_RDWR)
        return result < 0 ? nil : result
    }
}
