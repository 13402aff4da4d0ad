import MQCore
import Testing

@testable import MQNet

@Suite("HTTP, sent again", .timeLimit(.minutes(1)))
struct HTTPRepeatTests {
    @Test("A request that libcurl sends again over a new connection is counted")
    func repeated() throws {
        // The second request of each connection is read and not answered.
        let server = try HTTPServer { _, number in number == 1 ? HTTPServer.reply("ok") : nil }
        defer { server.stop() }
        let client = try HTTPClient()
        var repeats: [Int] = []
        for tag in 0..<3 {
            var request = HTTPRequest("POST", server.url)
            request.body = [97]
            try client.start(request, tag: tag)
            var ended: HTTPCompletion?
            while ended == nil { ended = try client.wait(until: .after(.seconds(10)), stop: StopFlag()).first }
            let completion = try #require(ended)
            #expect((try? completion.result.get().status) == 200)
            repeats.append(completion.repeats)
        }
        #expect(repeats == [0, 1, 1] && server.requests.count == 5)
    }

    @Test("A connection that a plain request loses has a hint at TLS")
    func plain() throws {
        let server = try HTTPServer { _, _ in nil }
        defer { server.stop() }
        let client = try HTTPClient()
        try client.start(HTTPRequest("GET", server.url), tag: 1)
        var ended: HTTPCompletion?
        while ended == nil { ended = try client.wait(until: .after(.seconds(10)), stop: StopFlag()).first }
        guard case .failure(let failure) = try #require(ended).result else {
            Issue.record("answered")
            return
        }
        #expect(failure.error.hint == "if the server speaks TLS on this port, the URL begins with https://")
    }
}
