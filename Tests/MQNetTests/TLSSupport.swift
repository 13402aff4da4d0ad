import Glibc
import MQCore
import MQTesting

@testable import MQNet

/// Certificates made for one test, in a folder of its own.
final class Certificates {
    let folder: String
    private let fixture = Fixture()

    static let openssl: String? = ["/usr/bin/openssl", "/usr/local/bin/openssl", "/bin/openssl"].first { access($0, X_OK) == 0 }

    /// `ca`, and signed by it: `server` (localhost, 127.0.0.1), `client`, `other` (elsewhere.example), `expired`. `stranger` is its own issuer.
    init() throws {
        folder = try fixture.directory()
        let script = """
            set -e
            key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
            issue() { # name, subject alternative names, days
                key "$1"
                openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
                printf 'subjectAltName=%s\\n' "$2" >"$1.ext"
                openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$3" -extfile "$1.ext" -out "$1.pem"
            }
            key ca
            openssl req -x509 -new -key ca.key -subj /CN=test-ca -days 2 -out ca.pem
            key stranger
            openssl req -x509 -new -key stranger.key -subj /CN=stranger -days 2 -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -out stranger.pem
            issue server DNS:localhost,IP:127.0.0.1 2
            issue client DNS:client 2
            issue other DNS:elsewhere.example 2
            issue expired DNS:localhost,IP:127.0.0.1 0
            cat client.pem client.key >both.pem
            """
        let result = try Executable("/bin/sh").run(["-c", script], directory: folder)
        guard result.status == 0 else { throw ConformanceFailure("openssl: \(result.errorText)") }
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func settings(_ name: String = "localhost", ca: String? = "ca.pem") -> TLSSettings {
        var settings = TLSSettings(serverName: name)
        settings.caFile = ca.map(path)
        return settings
    }
}

/// `openssl s_server`, which sends each line back with its characters reversed.
final class OpenSSLServer {
    let port: Int
    private let program: RunningProgram

    init(_ certificates: Certificates, _ name: String = "server", _ arguments: [String] = []) throws {
        program = try Executable(Certificates.openssl!).start(
            [
                "s_server", "-accept", "127.0.0.1:0", "-cert", certificates.path("\(name).pem"), "-key", certificates.path("\(name).key"),
                "-rev",
            ] + arguments, input: .open)
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
