import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQNet

/// The layers as nsqd speaks them: each answers OK through itself, and a compressed message comes back as it was.
@Suite(
    .ownThread, .timeLimit(.minutes(1)),
    .enabled(if: NSQDaemon.isAvailable && Certificates.openssl != nil, "there is no nsqd, or no openssl to make certificates with"))
struct LayersWithNSQDTests {
    @Test(arguments: [["tls_v1"], ["deflate"], ["snappy"], ["tls_v1", "deflate"], ["tls_v1", "snappy"]])
    func aMessageComesBackAsItWas(_ features: [String]) throws {
        let certificates = try Certificates.shared()
        // With a certificate it listens for HTTPS too, on every interface unless told otherwise.
        let daemon = try NSQDaemon(arguments: [
            "-https-address=127.0.0.1:0", "-tls-cert=\(certificates.path("server.pem"))", "-tls-key=\(certificates.path("server.key"))",
        ])
        let client = try LayeredClient(port: daemon.tcpPort)
        try client.identify(features)
        if features.contains("tls_v1") {
            let layer = try TLSLayer(certificates.settings())
            var wire: [UInt8] = []
            try layer.start(into: &wire)
            try client.push(layer, sending: wire)
            #expect(try client.frame() == Array("OK".utf8))
        }
        if features.contains("deflate") { try client.push(DeflateLayer(level: 6)) }
        if features.contains("snappy") { try client.push(SnappyLayer()) }
        if features != ["tls_v1"] { #expect(try client.frame() == Array("OK".utf8)) }

        var generator = SeededGenerator(seed: 1)
        let body =
            (0..<200_000).map { _ in UInt8.random(in: 0...3, using: &generator) }
            + (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let topic = UniqueName.make("layers")
        try client.send("PUB \(topic)\n", body)
        #expect(try client.frame() == Array("OK".utf8))
        try client.send("SUB \(topic) c\n")
        #expect(try client.frame() == Array("OK".utf8))
        try client.send("RDY 1\n")
        #expect(try Array(client.frame().dropFirst(8 + 2 + 16)) == body)
    }
}

/// As much of the protocol as it takes to see the layers at work.
private final class LayeredClient {
    private let socket: LoopbackSocket
    private var layers: [any StreamLayer] = []
    private var plain: [UInt8] = []

    init(port: Int) throws {
        socket = try LoopbackSocket.connect(port: port)
        socket.setReadLimit(.seconds(10))
    }

    func identify(_ features: [String]) throws {
        let settings = features.map { ",\"\($0)\":true" }.joined()
        try send("  V2IDENTIFY\n", Array("{\"feature_negotiation\":true\(settings)}".utf8))
        let reply = String(decoding: try frame(), as: UTF8.self)
        for feature in features where !reply.contains("\"\(feature)\":true") { throw ConformanceFailure("nsqd says \(reply)") }
    }

    /// What was read too far belongs to the new layer.
    func push(_ layer: any StreamLayer, sending wire: [UInt8] = []) throws {
        let rest = plain
        plain = []
        socket.write(wire)
        layers.append(layer)
        try take(rest, from: layers.count - 1)
    }

    func send(_ command: String, _ body: [UInt8]? = nil) throws {
        var bytes = Array(command.utf8)
        if let body { bytes += withUnsafeBytes(of: UInt32(body.count).bigEndian) { Array($0) } + body }
        for layer in layers.reversed() { bytes = try layer.encoded(bytes) }
        socket.write(bytes)
    }

    private func take(_ bytes: [UInt8], from index: Int) throws {
        var bytes = bytes
        for layer in layers[index...] {
            var (next, replies): ([UInt8], [UInt8]) = ([], [])
            try bytes.withUnsafeBytes { try layer.decode($0, into: &next, replies: &replies) }
            socket.write(replies)
            bytes = next
        }
        plain += bytes
    }

    /// The data of the next frame.
    func frame() throws -> [UInt8] {
        while true {
            if plain.count >= 4 {
                let size = plain.prefix(4).reduce(0) { $0 << 8 | Int($1) }
                if plain.count >= 4 + size {
                    defer { plain.removeFirst(4 + size) }
                    return Array(plain[8..<4 + size])
                }
            }
            var wire: [UInt8] = []
            guard case .bytes = socket.read(appendingTo: &wire) else { throw ConformanceFailure("nsqd closed the connection") }
            try take(wire, from: 0)
        }
    }
}
