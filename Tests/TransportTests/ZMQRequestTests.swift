import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportZMQ

/// Requesters and responders of both engines.
@Suite("ZMQ requests", .serialized, .ownThread, .timeLimit(.minutes(1)))
struct ZMQRequestTests {
    private static let engines = ["native", "libzmq"]

    private func requester(_ address: String, asksAgain: Bool = false) throws -> any Requester {
        try ZMQ.transport(address).openRequester(ZMQ.opening(), asksAgain: asksAgain)
    }

    private func responder(_ address: String, _ log: NoticeLog? = nil, width: Int = 1) throws -> any Responder {
        try ZMQ.transport(address).openResponder(ZMQ.opening(StopFlag(), log), width: width)
    }

    private func batch(_ texts: String...) -> Batch {
        var batch = Batch()
        for text in texts { batch.append(text.utf8) }
        return batch
    }

    private func expect(_ wanted: Outcome, _ outcome: Outcome, location: SourceLocation = #_sourceLocation) {
        #expect(outcome == wanted, sourceLocation: location)
    }

    private func text(_ batch: borrowing Batch, _ index: Int) -> String { String(decoding: batch.bytes(of: index), as: UTF8.self) }

    @Test("A responder takes no more than it was asked for, and replies in any order", arguments: engines)
    func order(engine: String) throws {
        let log = NoticeLog(), stop = StopFlag()
        let server = try responder("zmq:@tcp://127.0.0.1:*,engine=\(engine)", log, width: 3)
        let clients = try (0..<3).map { _ in try requester("zmq:\(try log.endpoint())") }
        for (number, client) in clients.enumerated() {
            let request = batch("ask \(number)")
            #expect(try client.request(request, 0, attempt: 0, until: .after(.seconds(5)), stop: stop))
        }
        var requests = Batch()
        while requests.count < 2 {
            let outcome = try server.receive(
                into: &requests, limit: 2 - requests.count, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: stop)
            #expect(outcome == .received)
        }
        #expect(requests.count == 2 && server.handedOver == 2)
        let third = try server.receive(into: &requests, limit: 1, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: stop)
        #expect(third == .received)
        for position in [2, 0, 1] { #expect(try server.reply(to: position, with: requests, position)) }
        try server.settle(0..<3, as: .acknowledge)
        // What is settled cannot be answered, and nothing can be put back.
        #expect(try !server.reply(to: 0, with: requests, 0))
        #expect(throws: TransportError.self) { try server.settle(0..<1, as: .requeue(after: .zero)) }
        for (number, client) in clients.enumerated() {
            var replies = Batch()
            try expect(.received, client.reply(into: &replies, until: .after(.seconds(5)), stop: stop))
            #expect(text(replies, 0) == "ask \(number)")
            #expect(client.strays == 0 && client.hasMetPeer)
        }
        try server.close(until: .after(.seconds(1)), stop: stop)
    }

    @Test("Without a peer a request is not taken, and a raised flag ends every wait", arguments: engines)
    func waits(engine: String) throws {
        let client = try requester("zmq:ipc://\(ZMQ.path()),engine=\(engine)")
        let request = batch("x")
        #expect(try !client.request(request, 0, attempt: 0, until: .after(.milliseconds(30)), stop: StopFlag()))
        #expect(!client.hasMetPeer && client.obstacle.code == .unreachable)
        let stop = StopFlag()
        stop.raise()
        #expect(try !client.request(request, 0, attempt: 0, until: .never, stop: stop))
        let server = try responder("zmq:@ipc://\(ZMQ.path()),engine=\(engine)")
        var none = Batch()
        try expect(.stopped, server.receive(into: &none, limit: 1, byteLimit: 1 << 16, until: .never, stop: stop))
        try expect(.deadlinePassed, server.receive(into: &none, limit: 1, byteLimit: 1 << 16, until: .immediately, stop: StopFlag()))
    }

    @Test("A reply that is awaited ends with its peer, and one that went to nobody says so", arguments: engines)
    func gone(engine: String) throws {
        let log = NoticeLog(), stop = StopFlag(), request = batch("x")
        var requests = Batch(), replies = Batch()
        do {
            let server = try responder("zmq:@tcp://127.0.0.1:*", log)
            let client = try requester("zmq:\(try log.endpoint()),engine=\(engine)")
            #expect(try client.request(request, 0, attempt: 0, until: .after(.seconds(5)), stop: stop))
            try expect(.received, server.receive(into: &requests, limit: 1, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: stop))
            try server.close(until: .immediately, stop: stop)
            try expect(.ended, client.reply(into: &replies, until: .after(.seconds(5)), stop: stop))
            #expect(client.hasMetPeer)
        }
        requests.removeAll()
        let second = NoticeLog()
        let server = try responder("zmq:@tcp://127.0.0.1:*,engine=\(engine)", second)
        do {
            let client = try requester("zmq:\(try second.endpoint())")
            #expect(try client.request(request, 0, attempt: 0, until: .after(.seconds(5)), stop: stop))
            try expect(.received, server.receive(into: &requests, limit: 1, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: stop))
        }
        #expect(
            try eventually {
                var more = Batch()
                _ = try server.receive(into: &more, limit: 1, byteLimit: 1 << 16, until: .after(.milliseconds(10)), stop: stop)
                return try !server.reply(to: 0, with: requests, 0)
            })
    }

    @Test("A peer that does not read its replies is given no more, and the others are served")
    func pressure() throws {
        let path = ZMQ.path(), stop = StopFlag()
        let server = try responder("zmq:@ipc://\(path)")
        let peer = Background { try ZMTPPeer.greet(path, as: "DEALER") }
        var requests = Batch(), reply = Batch(), taken = 0
        reply.append([UInt8](repeating: 1, count: 300_000))
        // Shakes hands.
        _ = try server.receive(into: &requests, limit: 1, byteLimit: 1 << 16, until: .after(.milliseconds(100)), stop: stop)
        let mute = try peer.join()
        for _ in 0..<100 { mute.say([1, 0, 0, 1, 0x78]) }
        while true {
            requests.removeAll()
            let outcome = try server.receive(into: &requests, limit: 1, byteLimit: 1 << 16, until: .after(.milliseconds(100)), stop: stop)
            guard outcome == .received else { break }
            _ = try server.reply(to: taken, with: reply, 0)
            try server.settle(taken..<taken + 1, as: .acknowledge)
            taken += 1
        }
        #expect(taken > 0 && taken < 100)
        let request = batch("x")
        let client = try requester("zmq:ipc://\(path)")
        let asked = try client.request(request, 0, attempt: 0, until: .after(.seconds(5)), stop: stop)
        #expect(asked)
        requests.removeAll()
        try expect(.received, server.receive(into: &requests, limit: 1, byteLimit: 1 << 16, until: .after(.seconds(5)), stop: stop))
        #expect(text(requests, 0) == "x")
    }
}
