import Glibc
import MQStandIns
import MQTesting
import Testing

/// A transport as a person at a shell sees it: how to get an empty queue, and where it differs from the others.
///
/// Every suite here runs over `all`; a further transport is one more row.
struct ContractSubject: Sendable, CustomTestStringConvertible {
    /// Addresses of a new queue; for most transports both are the same.
    struct Queue: Sendable {
        var send: String
        var recv: String
    }

    enum Size: Sendable {
        /// Holds at least 8 messages of 100 bytes and at most a few hundred; the largest message is `smallLimit`.
        case small
        /// Takes the largest message of the transport.
        case large
    }

    let name: String
    /// Makes an empty queue; what undoes it is left with the fixture.
    let make: @Sendable (Fixture, Size) throws -> Queue
    /// The word of the transport in `mq transports`.
    var transport: String { String(name.split(separator: " ")[0]) }
    /// A queue that does not exist; nil where every address is one.
    var missing: (@Sendable () -> String)?
    /// What is said of it.
    var missingWords = "no such queue"
    /// A queue keeps what was sent while nobody receives.
    var holds = true
    /// A queue takes only so much: a sender waits for room.
    var fillsUp = true
    /// Messages come in the order of sending, also those that were given back.
    var keepsOrder = true
    var carriesEmpty = true
    /// A sender is told that a message is in the queue.
    var acknowledges = false
    /// Using a queue that is not there is an error, not its creation.
    var needsCreation = true
    /// A queue of the kernel: it has an owner and a mode, and there are limits on all queues together.
    var isOfKernel = true
    var delays = false
    /// What a receiver says and ends with whose queue is deleted.
    var removal: (status: Int32, words: String) = (66, "removed")
    /// The largest message of a `.small` queue; nil without a limit.
    var smallLimit: Int?
    /// The largest message sent through a `.large` queue.
    var largest: Int
    /// What waiting in vain for room, or for a peer, ends with, and its words.
    var sendTimesOut: (status: Int32, words: String) = (75, "full")
    /// `recv -n N` leaves the rest where it is.
    var countsExactly = true
    var peeks = false
    /// What `--peek` warns of.
    var peekRemark: String?
    var hasPriority = false
    var hasType = false
    var tellsClosed = false
    var isAdministered = true
    /// Options under which the messages of a receiver come again soon that is silent.
    var impatience = ""
    /// The broker tells how many receivers there are, and how many messages came again because one was silent.
    var tellsReceivers = false
    /// How many messages make a long stream: numbered lines fill a pipe behind the first ten thousand.
    var stream = 100_000
    /// An address as `mq list` and `mq stat` show it: without what says how to send and not where.
    var shown: @Sendable (String) -> String = { $0 }
    /// The address under which `mq list` shows the queues; the transport itself where there is only one place for them.
    var place: @Sendable () throws -> String

    var testDescription: String { name }

    /// How far a sender came that broke off.
    var sentWord: String { acknowledges ? "acknowledged" : "sent" }
    /// What makes a sender slow enough to be interrupted, where no full queue does.
    var slowly: String { fillsUp ? "" : "--rate 4000" }

    /// The same messages, in the same order where the transport keeps it.
    func areSame(_ left: some Sequence<String>, _ right: some Sequence<String>) -> Bool {
        keepsOrder ? Array(left) == Array(right) : left.sorted() == right.sorted()
    }

    /// Those that the transport can carry.
    func carriable(_ messages: [[UInt8]]) -> [[UInt8]] { carriesEmpty ? messages : messages.filter { !$0.isEmpty } }

    /// Runs `body` with a new queue, and removes the queue whatever happens.
    func withQueue(_ size: Size = .small, _ body: (Queue) throws -> Void) throws {
        let fixture = Fixture()
        defer { fixture.cleanUp() }
        try body(try make(fixture, size))
    }

    func withQueues(_ size: Size = .small, _ body: (Queue, Queue) throws -> Void) throws {
        try withQueue(size) { first in try withQueue(size) { second in try body(first, second) } }
    }
}

// MARK: - The table

extension ContractSubject {
    static let all: [ContractSubject] = {
        let all = [posixMQ, sysV, zmqIPC, zmqTCP, nsq, sqs] + (NSQDaemon.isAvailable ? [nsqd] : [])
        // MQ_TEST_SUBJECTS=nsq,sysv is for work on one transport.
        guard let chosen = getenv("MQ_TEST_SUBJECTS").map({ String(cString: $0).split(separator: ",") }) else { return all }
        return all.filter { subject in chosen.contains { $0 == subject.transport } }
    }()
    /// Where messages wait in a queue of the kernel or a broker.
    static let holding = all.filter(\.holds)
    static let filling = holding.filter(\.fillsUp)
    static let ofKernel = holding.filter(\.isOfKernel)
    static let administered = all.filter(\.isAdministered)

    static let posixMQ = ContractSubject(
        name: "posix-mq",
        make: { fixture, size in
            // All queues of a user share RLIMIT_MSGQUEUE, 800 KB as a rule, so none is larger than it must be.
            try created("posix-mq:/\(UniqueName.make())", size == .small ? ",maxmsg=10,msgsize=1024" : ",maxmsg=2,msgsize=8192", fixture)
        },
        missing: { "posix-mq:/\(UniqueName.make("absent"))" }, smallLimit: 1024, largest: 8192, hasPriority: true, place: { "posix-mq:" })

    static let sysV = ContractSubject(
        name: "sysv",
        make: { fixture, size in
            try created("sysv:0x\(String(UniqueName.key(), radix: 16))", size == .small ? ",qbytes=2048" : ",qbytes=16384", fixture)
        },
        missing: { "sysv:0x\(String(UniqueName.key(), radix: 16))" }, missingWords: "no queue has the key", smallLimit: 2048, largest: 8192,
        peeks: true, hasType: true, place: { "sysv:" })

    static let zmqIPC = zmq("zmq over ipc") { fixture in "ipc://\(try fixture.directory())/socket" }
    static let zmqTCP = zmq("zmq over tcp") { _ in "tcp://127.0.0.1:\(try LoopbackSocket.freePort())" }

    private static func zmq(_ name: String, _ endpoint: @escaping @Sendable (Fixture) throws -> String) -> ContractSubject {
        ContractSubject(
            name: name,
            make: { fixture, _ in
                let endpoint = try endpoint(fixture)
                return Queue(send: "zmq:\(endpoint)", recv: "zmq:@\(endpoint)")
            },
            holds: false, fillsUp: false, isOfKernel: false, largest: 3 << 20, sendTimesOut: (69, "peer"), countsExactly: false,
            tellsClosed: true, isAdministered: false,
            place: { "zmq:" })
    }

    static func created(_ address: String, _ options: String, _ fixture: Fixture) throws -> Queue {
        let made = try mq().run("create", address + options)
        guard made.status == 0 else { throw ConformanceFailure(made.errorText) }
        fixture.atEnd {
            let removed = try? mq().run("delete", address, "--if-exists")
            #expect(removed?.status == 0, "\(address) is left behind: \(removed?.errorText ?? "")")
        }
        return Queue(send: address, recv: address)
    }
}
