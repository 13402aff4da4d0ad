import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQNet

@Suite(.ownThread, .timeLimit(.minutes(1)), .enabled(if: Certificates.openssl != nil, "there is no openssl to make certificates with"))
struct HTTPSTests {
    private func result(_ port: Int, _ change: (inout HTTPRequest) -> Void) throws -> Result<HTTPReply, HTTPFailure> {
        let client = try HTTPClient()
        var request = HTTPRequest("GET", "https://localhost:\(port)/")
        request.resolve = ["localhost:\(port):127.0.0.1"]
        change(&request)
        try client.start(request, tag: 1)
        return try #require(try client.wait(until: .after(.seconds(10)), stop: StopFlag()).first).result
    }

    private func failure(_ port: Int, _ change: (inout HTTPRequest) -> Void) throws -> HTTPFailure? {
        if case .failure(let failure) = try result(port, change) { return failure }
        return nil
    }

    @Test func aServerIsTrustedByTheFileAndTheNameAlone() throws {
        let certificates = try Certificates.shared()
        let server = try OpenSSLServer(certificates, page: "server")
        let ca = certificates.path("ca.pem")
        #expect(try result(server.port) { $0.caFile = ca }.get().status == 200)
        #expect(try result(server.port) { $0.verifies = false }.get().status == 200)
        let untrusted = try failure(server.port) { _ in }
        #expect(untrusted?.kind == .tls && untrusted?.error.code == .permission)
        #expect(untrusted?.error.message.hasPrefix("localhost:\(server.port): the server's certificate is not accepted") == true)
        let other = try OpenSSLServer(certificates, page: "other")
        let misnamed = try failure(other.port) { $0.caFile = ca }
        #expect(misnamed?.kind == .tls && misnamed?.error.code == .permission)
        let missing = try failure(server.port) { $0.caFile = certificates.path("missing.pem") }
        #expect(missing?.kind == .tls && missing?.error.code == .configuration)
    }

    @Test func aServerThatWantsACertificateGetsIt() throws {
        let certificates = try Certificates.shared()
        let server = try OpenSSLServer(
            certificates, page: "server", ["-Verify", "1", "-CAfile", certificates.path("ca.pem"), "-verify_return_error"])
        let reply = try result(server.port) {
            $0.caFile = certificates.path("ca.pem")
            $0.certificateFile = certificates.path("client.pem")
            $0.keyFile = certificates.path("client.key")
        }
        #expect(try reply.get().status == 200)
        #expect(try failure(server.port) { $0.caFile = certificates.path("ca.pem") } != nil)
    }

    @Test func aServerWithoutTLSIsNamed() throws {
        let listener = try LoopbackSocket.listen()
        let thread = Background {
            guard let connection = listener.accept() else { return }
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            var hello: [UInt8] = []
            _ = connection.read(appendingTo: &hello)
        }
        let found = try failure(listener.localPort) { _ in }
        try thread.join()
        #expect(found?.kind == .tls && found?.error.code == .protocolViolation)
    }
}
