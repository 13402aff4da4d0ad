import Glibc
import MQCore
import MQStandIns
import MQTesting

@testable import MQNet

extension Certificates {
    func settings(_ name: String = "localhost", ca: String? = "ca.pem") -> TLSSettings {
        var settings = TLSSettings(serverName: name)
        settings.caFile = ca.map(path)
        return settings
    }
}

/// `openssl s_server`, which sends each line back with its characters reversed, or answers requests with a page.
final class OpenSSLServer {
    let port: Int
    private let program: RunningProgram

    convenience init(_ certificates: Certificates, _ name: String = "server", _ arguments: [String] = []) throws {
        try self.init(certificates, name, ["-rev"] + arguments, input: .open)
    }

    convenience init(_ certificates: Certificates, page name: String, _ arguments: [String] = []) throws {
        try self.init(certificates, name, ["-www"] + arguments, input: .open)
    }

    private init(_ certificates: Certificates, _ name: String, _ arguments: [String], input: Executable.Input) throws {
        program = try Executable(Certificates.openssl!).start(
            [
                "s_server", "-accept", "127.0.0.1:0", "-cert", certificates.path("\(name).pem"), "-key", certificates.path("\(name).key"),
            ] + arguments, input: input)
        try program.wait { $0.text.contains("ACCEPT 127.0.0.1:") && $0.text.hasSuffix("\n") }
        let line = program.text.split(separator: "\n").first { $0.hasPrefix("ACCEPT") }!
        port = Int(line.split(separator: ":").last!)!
    }

    deinit { program.send(signal: SIGKILL) }
}

/// A layer and a socket, blocking.
final class TLSClient {
    let layer: TLSLayer
    private let socket: LoopbackSocket
    private var plain: [UInt8] = []

    init(port: Int, _ settings: TLSSettings) throws {
        layer = try TLSLayer(settings)
        socket = try LoopbackSocket.connect(port: port)
        socket.setReadLimit(.seconds(10))
        var wire: [UInt8] = []
        try layer.start(into: &wire)
        socket.write(wire)
        while !layer.isEstablished { try read() }
    }

    func send(_ bytes: [UInt8]) throws { socket.write(try layer.encoded(bytes)) }

    /// All of `wire` to the layer, in pieces of a byte each.
    private func read() throws {
        var wire: [UInt8] = []
        guard case .bytes = socket.read(appendingTo: &wire) else { throw ConformanceFailure("the server closed the connection") }
        for byte in wire {
            var replies: [UInt8] = []
            defer { if !replies.isEmpty { socket.write(replies) } }
            try [byte].withUnsafeBytes { try layer.decode($0, into: &plain, replies: &replies) }
        }
    }

    func receive(_ count: Int) throws -> [UInt8] {
        while plain.count < count { try read() }
        defer { plain.removeFirst(count) }
        return Array(plain.prefix(count))
    }
}
