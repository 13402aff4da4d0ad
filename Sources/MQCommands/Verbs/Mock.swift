import Glibc
import MQCore
import MQStandIns

struct Mock: Verb {
    static let table = VerbTable(
        "mock", .smokeTests, .changes, "Play a broker for tests: SQS or nsqd.",
        description: [
            .text(
                "Listens on a free port of 127.0.0.1, prints its address once it accepts, and runs until it is asked to end, or its parent ends. With a COMMAND, it runs that with the environment that clients need (AWS_ENDPOINT_URL_SQS and keys that mean nothing, or NSQD_TCP, NSQD_HTTP and MQ_NSQ), and ends with its status."
            ),
            .text(
                "sqs speaks the JSON protocol and the query protocol of older SDKs: standard and FIFO queues, checksums, visibility, delay, long polling, deduplication, dead-letter queues and their redrive, purging, tags, and the service's limits and error codes. nsq speaks protocol V2 with TLS, AUTH, deflate, snappy and sampling, and the HTTP interface of nsqd at the next port, that of nsqlookupd with --lookupd."
            ),
            .text(
                "It is no broker: nothing is kept on disk, there are no users or policies, no SNS, no cluster, and no other account or region. What passes here may still fail at the service."
            ),
            .text("At run time, POST /mq/faults sets faults, and POST /mq/clock moves a virtual clock on:"),
            .lines(["curl -d throttle=20% $AWS_ENDPOINT_URL_SQS/mq/faults", "curl -d 5m $AWS_ENDPOINT_URL_SQS/mq/clock"]),
        ],
        operands: [
            Operand("SERVICE", .one, .choice(MockBroker.Kind.allCases.map(\.rawValue)), help: "What to play: sqs or nsq."),
            Operand("COMMAND", .optionalCommand, .command, help: "What to run meanwhile, and its arguments."),
        ],
        sections: [
            VerbTable.Section("Listening", [port, isPublic, .readyFd.saying("Write the address to descriptor N once it accepts.")]),
            VerbTable.Section("Behaviour", [fault, clock, checkSignatures, lookupd, tlsCert, tlsKey, secretFile]),
            VerbTable.Section("Ending", [dump, expectEmpty]),
        ],
        examples: [
            VerbTable.Example("The tests of a program that uses SQS:", "mq mock sqs -- pytest"),
            VerbTable.Example("A broker with faults, until interrupted:", "mq mock nsq --port 4150 --fault duplicate=1%,delay=20ms"),
            VerbTable.Example(
                "Fail unless everything was deleted, and look at what was there:",
                "mq mock sqs --expect-empty --dump messages.jsonl -- make test"),
        ],
        statuses: [73, 74, 78, 127], negative: "With --expect-empty, messages were left.")

    static let port = Flag(
        "port", nil, .integer(0...65534), "N", standard: "0", help: "Listen on port N; 0 takes a free one. HTTP of nsqd is at the next.")
    static let isPublic = Flag("public", help: "Listen on all interfaces, not only on 127.0.0.1.")
    static let fault = Flag(
        "fault", nil, .text(["throttle=", "reset=", "partial=", "duplicate=", "delay="]), "FAULTS",
        help: "Fail by chance: throttle=5%, reset=1%, partial=5% (entries of SQS batches), duplicate=1%, delay=50ms, joined by commas.")
    static let clock = Flag(
        "clock", nil, .choice(["real", "virtual"]), "WHICH", standard: "real",
        help: "With virtual, time stands still for queues until POST /mq/clock moves it; clients still wait in real time.")
    static let checkSignatures = Flag(
        "check-signatures", help: "For sqs, refuse requests that are not signed with AWS_SECRET_ACCESS_KEY (by default: secret).")
    static let lookupd = Flag("lookupd", help: "For nsq, answer as nsqlookupd at the HTTP port, too, and name it in NSQLOOKUPD_HTTP.")
    static let tlsCert = Flag("tls-cert", nil, .file, help: "For nsq, offer TLS with the certificate in FILE (PEM).")
    static let tlsKey = Flag("tls-key", nil, .file, help: "For nsq, the private key of --tls-cert.")
    static let secretFile = Flag("auth-file", nil, .file, help: "For nsq, require AUTH with the secret in FILE.")
    static let dump = Flag(
        "dump", nil, .file, help: "At the end, write a line of JSON to FILE for each message: deleted, left or in flight.")
    static let expectEmpty = Flag("expect-empty", help: "At the end, fail with status 1 if messages are left.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let plan = try plan()
        let command = try Successor(words.words("COMMAND"))?.command
        let ready = try ReadyLine(words.integer(.readyFd))
        let dump = try words.text(Self.dump).map { path throws(TransportError) in try Self.created(path) }
        ProcessMonitor.endWithParent()
        if words.text(Self.clock) == "virtual" { StandInClock.stop() }
        let (stop, hurry) = (StopFlag(), StopFlag())
        var configuration = ProcessMonitor.Configuration(
            stop: stop, console: console, counters: Counters(), verb: "served", drawsProgress: false)
        configuration.hurry = hurry
        ProcessMonitor.start(configuration)
        let broker = try MockBroker(plan)
        ready?.write(broker.address)
        var ending: Ending
        if var command {
            console.detail("\(plan.kind.rawValue) is played at \(broker.address)")
            command.variables += broker.variables.map { ($0.name, $0.value.rawBytes) }
            ending = try WrappedCommand.run(command, stop: stop, hurry: hurry)
        } else {
            try Results.print("\(broker.address)\n")
            _ = Readiness.wait(for: 0, on: -1, until: .never, stop: stop)
            ending = stop.reason?.signal.map { .signal($0) } ?? .success
        }
        let records = dump != nil || words.has(Self.expectEmpty) ? broker.records : []
        broker.stop()
        if let dump { try Self.write(records, to: dump, words.text(Self.dump)!) }
        guard words.has(Self.expectEmpty) else { return ending }
        let left = records.filter { $0.state != .deleted }
        guard left.isEmpty else {
            // A command that failed has more to say.
            if case .status(let status) = ending, status != 0 { return ending }
            var error = TransportError(.negative, "\(Quantity.count(left.count, "message")) left")
            error.details = left.prefix(10).map { "\($0.queue): \(BodyDifference.shown($0.body))" }
            throw error
        }
        // That it was asked to end is what this run was waiting for.
        if case .signal = ending, command == nil { ending = .success }
        return ending
    }

    private func plan() throws(TransportError) -> MockBroker.Plan {
        let kind = MockBroker.Kind(rawValue: words.word("SERVICE")!)!
        let others: [(Flag, MockBroker.Kind)] = [
            (Self.checkSignatures, .sqs), (Self.lookupd, .nsq), (Self.tlsCert, .nsq), (Self.tlsKey, .nsq), (Self.secretFile, .nsq),
        ]
        if let (flag, owner) = others.first(where: { words.has($0.0) && $0.1 != kind }) {
            throw TransportError(.usage, "--\(flag.name) is for mq mock \(owner.rawValue)")
        }
        if words.has(Self.tlsCert) != words.has(Self.tlsKey) {
            throw TransportError(.usage, "--tls-cert and --tls-key go together")
        }
        var plan = MockBroker.Plan(kind: kind)
        plan.port = words.integer(Self.port) ?? 0
        plan.isPublic = words.has(Self.isPublic)
        plan.keepsHistory = words.has(Self.dump)
        plan.isLookup = words.has(Self.lookupd)
        (plan.certificate, plan.privateKey) = (words.text(Self.tlsCert), words.text(Self.tlsKey))
        if let text = words.text(Self.fault) {
            do { plan.faults = try StandInFaults(parsing: text) } catch { throw TransportError(.usage, "--fault \(error)") }
            if kind == .nsq && plan.faults.partial > 0 {
                throw TransportError(.usage, "--fault partial is for mq mock sqs, whose batches have entries")
            }
        }
        if words.has(Self.checkSignatures) {
            let key = Configuration.environment("AWS_ACCESS_KEY_ID") ?? SQSStandIn.credentials["AWS_ACCESS_KEY_ID"]!
            plan.keys = [key: Configuration.environment("AWS_SECRET_ACCESS_KEY") ?? SQSStandIn.credentials["AWS_SECRET_ACCESS_KEY"]!]
        }
        if let path = words.text(Self.secretFile) {
            let secret = try LocalFile.contents(of: path, limit: 1 << 16).prefix { $0 != 0x0a && $0 != 0x0d }
            if secret.isEmpty { throw TransportError(.configuration, "\(path) holds no secret") }
            plan.secret = String(decoding: secret, as: UTF8.self)
        }
        return plan
    }

    private static func created(_ path: String) throws(TransportError) -> CInt {
        let descriptor = open(path.rawCString, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw TransportError(.inputOutput, "\(path): \(SystemError.words(errno))", errno: errno) }
        return descriptor
    }

    private static func write(_ records: [StandInRecord], to descriptor: CInt, _ path: String) throws(TransportError) {
        let file = PipeEnd(owning: descriptor)
        for record in records {
            let error = record.line.withUnsafeBytes { file.write($0) }
            if error != 0 { throw TransportError(.inputOutput, "\(path): \(SystemError.words(error))", errno: error) }
        }
    }
}
