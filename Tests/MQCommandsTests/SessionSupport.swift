import Glibc
import MQCore
import MQTesting
import Testing
import TransportMemory

@testable import MQCommands

/// A queue in this process, deleted at the end; what a broker does with messages is tried with it.
struct MemoryBroker {
    let name: String
    let address: ResolvedAddress
    let transport: any Transport

    init(_ fixture: Fixture, _ options: String = "") throws {
        let name = "mem:\(UniqueName.make())"
        self.name = name
        address = try ResolvedAddress(name + options, options: [])
        let transport = try address.transport()
        self.transport = transport
        // Made now, so that its options are these.
        _ = try transport.openSender(Opening(stop: StopFlag()))
        fixture.atEnd { try? transport.openAdmin(Opening(stop: StopFlag())).delete() }
    }

    func send(_ bodies: [String], _ properties: MessageProperties? = nil) throws {
        let sender = try transport.openSender(Opening(stop: StopFlag()))
        var batch = Batch()
        for body in bodies {
            batch.append(body.utf8)
            if let properties { batch.setProperties(properties) }
        }
        #expect(try sender.send(batch, 0..<batch.count, until: .immediately, stop: StopFlag()) == bodies.count)
    }

    /// Delivers everything that is there `times` times and puts it back.
    func fail(times: Int) throws {
        for _ in 0..<times {
            let receiver = try transport.openReceiver(Opening(stop: StopFlag()))
            var batch = Batch()
            _ = try receiver.receive(into: &batch, limit: .max, byteLimit: .max, until: .immediately, stop: StopFlag())
            try receiver.settle(last: batch.count, as: .requeue(after: .zero))
        }
    }

    /// Takes everything that is there.
    func drain() throws -> [(body: String, properties: MessageProperties)] {
        let receiver = try transport.openReceiver(Opening(stop: StopFlag()))
        var batch = Batch()
        batch.wantsProperties = true
        while try receiver.receive(into: &batch, limit: .max, byteLimit: .max, until: .immediately, stop: StopFlag()) == .received {}
        try receiver.settle(last: batch.count, as: .acknowledge)
        var result: [(body: String, properties: MessageProperties)] = []
        for index in 0..<batch.count {
            result.append((String(decoding: batch.bytes(of: index), as: UTF8.self), batch.properties(of: index)))
        }
        return result
    }

    func bodies() throws -> [String] { try drain().map(\.body) }
}

/// A pipe whose reading end is collected, for the standard output of a session.
final class Pipe {
    private(set) var ends: [CInt] = [-1, -1]

    init() {
        precondition(pipe(&ends) == 0)
        // A program that another test starts would keep it open.
        for end in ends { precondition(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
    }
    deinit { for end in ends where end >= 0 { close(end) } }

    /// What was written, after closing the writing end.
    func text() -> String {
        close(ends[1])
        ends[1] = -1
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = read(ends[0], &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    func give(_ text: String) {
        let bytes = Array(text.utf8)
        precondition(write(ends[1], bytes, bytes.count) == bytes.count)
    }

    func closeWriter() {
        close(ends[1])
        ends[1] = -1
    }

    func closeReader() {
        close(ends[0])
        ends[0] = -1
    }
}

let quiet = Console(Console.Settings(isQuiet: true))

extension RecvSession.Plan {
    /// Takes what is there, as lines.
    static func draining(_ change: (inout RecvSession.Plan) -> Void = { _ in }) -> RecvSession.Plan {
        var plan = RecvSession.Plan(
            presentation: .framed(.lines), count: nil, drains: true, peeks: false, untilClosed: false, timeout: nil, ack: .after,
            prefetch: nil, retry: nil, isStrict: false, isRaw: true, folder: nil, files: nil, deadLetters: nil, ready: nil)
        change(&plan)
        return plan
    }
}

extension Ending {
    var isSuccess: Bool { if case .success = self { true } else { false } }
    var sentence: String? { if case .negative(let text) = self { text } else { nil } }
}
