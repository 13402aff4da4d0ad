import MQCore
import MQTesting
import Testing

@testable import MQNet

@Suite(.ownThread, .timeLimit(.minutes(1)), .enabled(if: Certificates.openssl != nil, "there is no openssl to make certificates with"))
struct TLSLayerTests {
    private func failure(_ port: Int, _ settings: TLSSettings) throws -> TransportError {
        try #require(
            #expect(throws: TransportError.self) {
                let client = try TLSClient(port: port, settings)
                // TLS 1.3 tells a client only afterwards that its certificate will not do.
                try client.send(Array("x\n".utf8))
                _ = try client.receive(1)
            })
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func bytesGoThereAndBack(_ version: String) throws {
        let certificates = try Certificates.shared()
        let server = try OpenSSLServer(certificates, "server", [version])
        for name in ["localhost", "127.0.0.1"] {
            let client = try TLSClient(port: server.port, certificates.settings(name))
            try client.send(Array("hello\n".utf8))
            #expect(try client.receive(6) == Array("olleh\n".utf8))
            // Several records.
            try client.send([UInt8](repeating: 0x61, count: 10_000) + [0x0a])
            #expect(try client.receive(10_001).dropLast() == [UInt8](repeating: 0x61, count: 10_000)[...])
        }
    }

    @Test func anOldVersionIsRefused() throws {
        let certificates = try Certificates.shared()
        let server = try OpenSSLServer(certificates, "server", ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"])
        #expect(try failure(server.port, certificates.settings()).code == .protocolViolation)
    }

    @Test func whoIsNotTrustedIsNamedWithTheReason() throws {
        let certificates = try Certificates.shared()
        for (name, settings, words) in [
            ("server", certificates.settings(ca: nil), "is not signed by a trusted authority"),
            ("stranger", certificates.settings(), "is not signed by a trusted authority"),
            ("other", certificates.settings(), "is for another name"),
            ("other", certificates.settings("127.0.0.1"), "is for another name"),
            ("expired", certificates.settings(), "has expired"),
        ] {
            let server = try OpenSSLServer(certificates, name)
            let error = try failure(server.port, settings)
            #expect(error.code == .permission)
            #expect(error.message == "the certificate of \(settings.serverName) \(words)", "\(name)")
            var careless = settings
            careless.verifies = false
            let client = try TLSClient(port: server.port, careless)
            try client.send(Array("ab\n".utf8))
            #expect(try client.receive(3) == Array("ba\n".utf8))
        }
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func aServerThatWantsACertificateGetsOneOrSaysNo(_ version: String) throws {
        let certificates = try Certificates.shared()
        let server = try OpenSSLServer(
            certificates, "server", [version, "-Verify", "1", "-CAfile", certificates.path("ca.pem"), "-verify_return_error"])
        let error = try failure(server.port, certificates.settings())
        #expect(error.code == .permission)
        #expect(error.message.hasPrefix("localhost refuses this client"))
        for (certificate, key) in [("client.pem", "client.key"), ("both.pem", nil)] {
            var settings = certificates.settings()
            settings.certificateFile = certificates.path(certificate)
            settings.keyFile = key.map(certificates.path)
            let client = try TLSClient(port: server.port, settings)
            try client.send(Array("ab\n".utf8))
            #expect(try client.receive(3) == Array("ba\n".utf8))
        }
    }

    @Test func filesThatAreNotWhatTheyShouldBeAreNamed() throws {
        let certificates = try Certificates.shared()
        func code(_ change: (inout TLSSettings) -> Void) -> (TransportError.Code, String)? {
            var settings = certificates.settings()
            change(&settings)
            do { _ = try TLSLayer(settings) } catch { return (error.code, error.message) }
            return nil
        }
        #expect(code { _ in } == nil)
        let missing = certificates.path("missing.pem")
        #expect(code { $0.caFile = missing }?.0 == .inputOutput)
        #expect(code { $0.caFile = missing }?.1.hasPrefix(missing) == true)
        #expect(code { $0.caFile = certificates.path("ca.key") }?.0 == .configuration)
        #expect(code { $0.certificateFile = certificates.path("client.key") }?.0 == .configuration)
        #expect(code { $0.certificateFile = certificates.path("client.pem") }?.1.contains("private key") == true)
        let mixed = code {
            $0.certificateFile = certificates.path("client.pem")
            $0.keyFile = certificates.path("server.key")
        }
        #expect(mixed?.0 == .configuration && mixed?.1.contains(certificates.path("server.key")) == true)
        #expect(code { $0.keyFile = certificates.path("client.key") }?.0 == .configuration)
        for name in ["", "a\0b"] { #expect(code { $0.serverName = name }?.0 == .usage) }
    }

    @Test func aPeerWithoutTLSIsToldFromABadOne() throws {
        for reply in ["HTTP/1.1 400 Bad Request\r\n\r\n", "\0\0\0\u{12}\0\0\0\u{1}E_BAD_PROTOCOL"] {
            let layer = try TLSLayer(TLSSettings(serverName: "localhost"))
            var wire: [UInt8] = []
            try layer.start(into: &wire)
            #expect(!wire.isEmpty && !layer.isEstablished)
            let error = #expect(throws: TransportError.self) { try layer.decoded(Array(reply.utf8)) }
            #expect(error?.code == .protocolViolation)
            #expect(error?.message == "localhost does not speak TLS here", "\(error!.message)")
        }
    }

    @Test func nothingIsEncodedBeforeTheHandshakeIsDone() throws {
        let layer = try TLSLayer(TLSSettings(serverName: "localhost"))
        #expect(throws: TransportError.self) { try layer.encoded([1]) }
    }

    @Test func nonsenseNeverDoesWorseThanAnError() throws {
        var refused = 0
        let rounds = try Fuzz.rounds { generator, seed in
            let layer = try TLSLayer(TLSSettings(serverName: "localhost"))
            var wire: [UInt8] = []
            try layer.start(into: &wire)
            // Often the header of a record, so that something is read behind it.
            let header: [UInt8] = [22, 3, 3, 0, UInt8.random(in: 0...80, using: &generator)]
            let bytes = (Bool.random(using: &generator) ? header : []) + generator.bytes(upTo: 200)
            do throws(TransportError) {
                for piece in generator.pieces(bytes, upTo: 50) { #expect(try layer.decoded(piece).isEmpty) }
            } catch {
                refused += 1
                #expect(error.code == .protocolViolation, "seed \(seed)")
            }
            #expect(!layer.isEstablished)
        }
        #expect(refused > 0 && refused <= rounds)
    }

    @Test func aMissingLibraryIsASentenceThatNamesThePackage() {
        let error = #expect(throws: TransportError.self) { _ = try TLSLibrary(opening: "libssl-of-nobody.so.3", "libcrypto.so.3") }
        #expect(error?.code == .configuration && error?.hint?.contains("libssl3") == true)
    }
}
