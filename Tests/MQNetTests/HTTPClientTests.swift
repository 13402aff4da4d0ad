import Glibc
import MQCore
import MQTesting
import Testing

@testable import MQNet

@Suite(.ownThread, .timeLimit(.minutes(1))) struct HTTPClientTests {
    private func failure(_ request: HTTPRequest) throws -> HTTPFailure? {
        let client = try HTTPClient()
        try client.start(request, tag: 7)
        let completion = try #require(try client.wait(until: .after(.seconds(10)), stop: StopFlag()).first)
        #expect(completion.tag == 7)
        if case .failure(let failure) = completion.result { return failure }
        return nil
    }

    private func get(_ url: String, _ client: HTTPClient) throws(TransportError) -> HTTPReply {
        try client.perform(HTTPRequest("GET", url), until: .after(.seconds(10)), stop: StopFlag())
    }

    @Test func aReplyHasItsStatusHeadersAndBody() throws {
        let server = try HTTPServer { _, _ in
            Array("HTTP/1.1 100 Continue\r\nX-Odd: interim\r\n\r\n".utf8)
                + HTTPServer.reply(Array("body".utf8), status: "404 Nope", headers: "X-Odd:  a b \r\nX-Empty:\r\n")
        }
        defer { server.stop() }
        let reply = try get(server.url, HTTPClient())
        #expect(reply.status == 404)
        #expect(reply.body == Array("body".utf8))
        #expect(reply.header("x-odd") == "a b")
        #expect(reply.header("X-EMPTY") == "")
        #expect(reply.header("missing") == nil)
    }

    @Test func aRequestIsWhatItSaysAndNothingMore() throws {
        let server = try HTTPServer { _, _ in HTTPServer.reply("ok") }
        defer { server.stop() }
        let client = try HTTPClient()
        var request = HTTPRequest("POST", server.url + "a?b=%23")
        request.headers = [("X-One", "1"), ("X-None", "")]
        request.body = [UInt8](repeating: 0x78, count: 5000)
        _ = try client.perform(request, until: .never, stop: StopFlag())
        request.body = []
        _ = try client.perform(request, until: .never, stop: StopFlag())
        _ = try client.perform(HTTPRequest("DELETE", server.url), until: .never, stop: StopFlag())
        let head = server.requests[0].split(separator: "\r\n").prefix { $0 != "" }.map(String.init)
        #expect(head[0] == "POST /a?b=%23 HTTP/1.1")
        #expect(server.requests[0].hasSuffix("\r\n\r\n" + String(repeating: "x", count: 5000)))
        let names = head.dropFirst().compactMap { $0.split(separator: ":").first.map(String.init) }.filter { !$0.hasPrefix("xxx") }
        #expect(Set(names) == ["Host", "Accept", "Accept-Encoding", "X-One", "X-None", "Content-Length"])
        #expect(server.requests[1].contains("Content-Length: 0\r\n"))
        #expect(server.requests[2].hasPrefix("DELETE / HTTP/1.1\r\n"))
        #expect(server.connections == 1)
    }

    @Test func aConnectionIsUsedAgainAndReplacedWhenTheServerClosedIt() throws {
        // Every second reply is followed by the end of the connection, which nothing announced.
        let server = try HTTPServer { _, number in number == 3 ? nil : HTTPServer.reply("\(number)") }
        defer { server.stop() }
        let client = try HTTPClient()
        let bodies = try (0..<4).map { _ in try get(server.url, client).body }
        #expect(bodies.map { String(decoding: $0, as: UTF8.self) } == ["1", "2", "1", "2"])
        #expect(server.connections == 2)
    }

    @Test func aCompressedReplyIsDecompressed() throws {
        // `printf hello | gzip -n | xxd -i`
        let hello: [UInt8] = [
            0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0, 0x86, 0xa6, 0x10, 0x36, 0x05, 0, 0, 0,
        ]
        let server = try HTTPServer { request, _ in
            request.contains("gzip") ? HTTPServer.reply(hello, headers: "Content-Encoding: gzip\r\n") : HTTPServer.reply("not asked for")
        }
        defer { server.stop() }
        #expect(try get(server.url, HTTPClient()).body == Array("hello".utf8))
    }

    @Test func aRedirectIsAReplyLikeAnyOther() throws {
        let server = try HTTPServer { _, _ in HTTPServer.reply([], status: "302 Found", headers: "Location: /else\r\n") }
        defer { server.stop() }
        #expect(try get(server.url, HTTPClient()).status == 302)
        #expect(server.requests.count == 1)
    }

    @Test func anEarlyEndIsToldFromARefusal() throws {
        let closing = try HTTPServer { _, _ in nil }
        let short = try HTTPServer { _, number in number == 1 ? Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".utf8) : nil }
        defer {
            closing.stop()
            short.stop()
        }
        let first = try #require(try failure(HTTPRequest("POST", closing.url)))
        #expect(first.kind == .broken && first.error.code == .unreachable && first.error.isRetriable)
        var request = HTTPRequest("GET", short.url)
        request.timeout = .milliseconds(300)
        let second = try #require(try failure(request))
        #expect(second.kind == .timedOut && second.error.code == .tryAgain)
        #expect(second.error.message == "127.0.0.1:\(short.port): no reply within 300ms")

        let gone = try HTTPServer { _, _ in nil }
        gone.stop()
        let third = try #require(try failure(HTTPRequest("GET", gone.url)))
        #expect(third.kind == .refused && third.error.code == .unreachable && third.error.errno == ECONNREFUSED)
        #expect(third.error.message == "127.0.0.1:\(gone.port): connection refused")
    }

    @Test func nonsenseIsNotAReply() throws {
        var bad: [[UInt8]] = [
            Array("   V2 nonsense\r\n\r\n".utf8), [0, 0, 0, 6, 0, 0, 0, 0, 79, 75],
            Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello".utf8),
        ]
        bad.append(
            Array("HTTP/1.1 200 OK\r\n".utf8) + (0..<20_000).flatMap { Array("X-\($0): \(String(repeating: "x", count: 90))\r\n".utf8) })
        for bytes in bad {
            let server = try HTTPServer { _, number in number == 1 ? bytes : nil }
            defer { server.stop() }
            var request = HTTPRequest("GET", server.url)
            request.timeout = .seconds(2)
            let found = try failure(request)
            #expect(found != nil && found?.error.code == .protocolViolation, "\(bytes.prefix(60)): \(String(describing: found?.error))")
        }
    }

    @Test func aReplyOverTheLimitIsNotTakenIn() throws {
        let server = try HTTPServer { _, number in
            number == 1 ? Array("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".utf8) + [UInt8](repeating: 0, count: (64 << 20) + 1) : nil
        }
        defer { server.stop() }
        let found = try #require(try failure(HTTPRequest("GET", server.url)))
        #expect(found.error.message.hasSuffix("the reply is too large"))
    }

    @Test func whatIsNoRequestIsRefusedBeforeAnythingIsSent() throws {
        let client = try HTTPClient()
        var split = HTTPRequest("GET", "http://127.0.0.1:1/")
        split.headers = [("X", "a\r\nY: b")]
        for request in [
            HTTPRequest("GET", "file:///etc/hostname"), HTTPRequest("GET", "127.0.0.1"), HTTPRequest("", "http://a/"),
            HTTPRequest("GET X", "http://a/"), HTTPRequest("GET", "http://a/\r\nb"), split,
        ] {
            let error = #expect(throws: TransportError.self) { try client.start(request, tag: 1) }
            #expect(error?.code == .usage)
        }
        #expect(client.running == 0)
        #expect(try failure(HTTPRequest("GET", "http://[:1/"))?.error.code == .usage)
    }

    @Test func manyExchangesRunAtOnceAndOneThatIsCancelledNeverEnds() throws {
        let server = try HTTPServer { request, _ in
            usleep(200_000)
            return HTTPServer.reply(request.split(separator: " ").dropFirst().first.map(String.init) ?? "")
        }
        defer { server.stop() }
        let client = try HTTPClient()
        let start = Deadline.now()
        for number in 0..<8 { try client.start(HTTPRequest("GET", server.url + "\(number)"), tag: number) }
        client.cancel(3)
        #expect(client.running == 7)
        var bodies: [Int: String] = [:]
        while client.running > 0 {
            for completion in try client.wait(until: .after(.seconds(10)), stop: StopFlag()) {
                bodies[completion.tag] = String(decoding: try completion.result.get().body, as: UTF8.self)
            }
        }
        #expect(bodies == [0: "/0", 1: "/1", 2: "/2", 4: "/4", 5: "/5", 6: "/6", 7: "/7"])
        #expect(Deadline.now() - start < 1_000_000_000)
    }

    @Test func whatEndsDuringAnotherExchangeIsKeptForItsWait() throws {
        let server = try HTTPServer { request, _ in
            if request.hasPrefix("GET /slow") { usleep(200_000) }
            return HTTPServer.reply("x")
        }
        defer { server.stop() }
        let client = try HTTPClient()
        try client.start(HTTPRequest("GET", server.url + "quick"), tag: 1)
        _ = try get(server.url + "slow", client)
        #expect(client.running == 1)
        #expect(try client.wait(until: .immediately, stop: StopFlag()).map(\.tag) == [1])
        #expect(client.running == 0)
    }
}
