import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import TransportZMQ

/// What is said of a peer with whom no handshake succeeds: who it is, and what to change.
@Suite("ZMQ handshakes", .serialized, .ownThread, .timeLimit(.minutes(1)))
struct ZMQHandshakeTests {
    /// Why nothing can be sent to an address.
    private func obstacle(_ address: String) throws -> TransportError {
        let stop = StopFlag()
        let sender = try ZMQ.transport(address).openSender(ZMQ.opening(stop))
        var batch = Batch()
        batch.append([1])
        #expect(try sender.send(batch, 0..<1, until: .after(.milliseconds(300)), stop: stop) == 0)
        return sender.obstacle
    }

    /// A server of TCP that does this with each connection until the test ends.
    private func withServer(_ serve: @escaping @Sendable (LoopbackSocket) -> Void, _ body: (Int) throws -> Void) throws {
        let listener = try LoopbackSocket.listen()
        let accepting = Background { while let socket = listener.accept() { serve(socket) } }
        defer {
            listener.shutDown()
            _ = try? accepting.join()
        }
        try body(listener.localPort)
    }

    @Test("A server that says nothing, and one that speaks something else, are told apart, when sending and when receiving")
    func strangers() throws {
        let held = Held()
        try withServer({ held.keep($0) }) { port in
            let error = try obstacle("zmq:tcp://127.0.0.1:\(port)")
            #expect(
                error.code == .unreachable && error.message.hasSuffix("accepts connections and says nothing"), "\(error.sentence)")
        }
        try withServer({ socket in
            var request: [UInt8] = []
            socket.setReadLimit(.seconds(5))
            _ = socket.read(appendingTo: &request)
            socket.write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        }) { port in
            let error = try obstacle("zmq:tcp://127.0.0.1:\(port)")
            #expect(error.code == .protocolViolation && error.message.hasSuffix("is an HTTP server"), "\(error.sentence)")
            let received = ZMQ.error { _ = try ZMQ.receive(1, from: "zmq:tcp://127.0.0.1:\(port)", within: .milliseconds(300)) }
            #expect(received?.code == .protocolViolation && received?.message.hasSuffix("is an HTTP server") == true)
        }
        try withServer({ socket in
            socket.write("220 mail.example ESMTP\r\n")
            held.keep(socket)
        }) { port in
            let error = try obstacle("zmq:tcp://127.0.0.1:\(port)")
            #expect(error.code == .protocolViolation && error.message.contains("it says '220 mail.example ESMTP'"), "\(error.sentence)")
        }
        try withServer({ socket in
            socket.write("SSH-2.0-OpenSSH_9.2\r\n")
            held.keep(socket)
        }) { port in
            let error = try obstacle("zmq:tcp://127.0.0.1:\(port)")
            #expect(error.code == .protocolViolation && error.message.hasSuffix("is an SSH server"), "\(error.sentence)")
            let probed = ZMQ.error { _ = try ZMQ.transport("zmq:tcp://127.0.0.1:\(port)").probe(ZMQ.opening()) }
            #expect(probed?.message == error.message)
        }
        try withServer({ _ in }) { port in
            let error = try obstacle("zmq:tcp://127.0.0.1:\(port)")
            #expect(error.code == .unreachable && error.message.hasSuffix("accepts connections and closes them"), "\(error.sentence)")
        }
    }

    @Test("A peer of the wrong type is named by its type")
    func wrongType() throws {
        let path = ZMQ.path()
        let other = try ZMQ.transport("zmq:push:@ipc://\(path)").openSender(ZMQ.opening())
        let error = try obstacle("zmq:ipc://\(path)")
        #expect(error.code == .protocolViolation && error.message.hasSuffix("is not a PULL socket, it is PUSH"), "\(error.sentence)")
        _ = other
    }

    @Test("Keys and mechanisms that do not fit are a matter of permission, each in its own words")
    func keys() throws {
        let (server, stranger) = (try ZMQKeys.pair(), try ZMQKeys.pair())
        let secret = ScratchFile(ZMQKeys.certificate(server)), right = ScratchFile(server.open), wrong = ScratchFile(stranger.open)
        let password = ScratchFile("ann:secret")
        let (guarded, open) = (ZMQ.path(), ZMQ.path())
        let first = try ZMQ.transport("zmq:@ipc://\(guarded),curve-server,secret-key=\(secret.path)").openReceiver(ZMQ.opening())
        let second = try ZMQ.transport("zmq:@ipc://\(open)").openReceiver(ZMQ.opening())
        for (address, words) in [
            ("zmq:ipc://\(guarded)", "wants CURVE, and this end has none"),
            ("zmq:ipc://\(guarded),plain=\(password.path)", "wants CURVE, and this end wants PLAIN"),
            ("zmq:ipc://\(open),server-key=\(right.path)", "uses no security, and this end wants CURVE"),
            ("zmq:ipc://\(guarded),server-key=\(wrong.path)", "hung up during the CURVE handshake"),
        ] {
            let error = try obstacle(address)
            #expect(error.code == .permission && error.message.hasSuffix(words), "\(error.sentence)")
        }
        _ = (first, second)
    }

    /// Connections that stay open as long as it lives.
    private final class Held: @unchecked Sendable {
        // Unchecked: only the one thread that accepts touches it.
        private var sockets: [LoopbackSocket] = []
        func keep(_ socket: LoopbackSocket) { sockets.append(socket) }
    }
}
