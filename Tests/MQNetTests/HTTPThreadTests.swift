import Glibc
import MQCore
import MQTesting
import Testing

@testable import MQNet

@Suite(.ownThread, .timeLimit(.minutes(1)))
struct HTTPThreadTests {
    private func collect(_ count: Int, _ thread: HTTPThread, _ bell: StopFlag) throws -> [HTTPCompletion] {
        var found: [HTTPCompletion] = []
        while found.count < count {
            guard case .stopped = Readiness.wait(for: 0, on: -1, until: .after(.seconds(10)), stop: bell) else { break }
            bell.lower()
            found += try thread.collect()
        }
        return found
    }

    @Test func manyExchangesRunWhileTheCallerDoesOtherThings() throws {
        let server = try HTTPServer { request, _ in
            HTTPServer.reply([UInt8](repeating: 0x61, count: 1000), headers: "X-It: \(request.utf8.count)\r\n")
        }
        defer { server.stop() }
        let bell = StopFlag()
        let thread = try HTTPThread("mq-test-http") { bell.raise() }
        defer { thread.close() }
        var tags: Set<Int> = []
        for round in 0..<20 {
            thread.start(
                (0..<10).map { number in
                    var request = HTTPRequest("POST", server.url)
                    request.body = [UInt8](repeating: 0x62, count: number)
                    request.keeps = 16
                    return (request, round * 10 + number)
                })
            for completion in try collect(10, thread, bell) {
                tags.insert(completion.tag)
                let reply = try completion.result.get()
                #expect(reply.status == 200 && reply.body.count == 16)
            }
        }
        #expect(tags == Set(0..<200) && server.connections <= 10)
    }

    @Test func whatIsDroppedHasNoCompletionAndWhatIsNoRequestHasItsError() throws {
        let server = try HTTPServer { request, _ in
            if request.hasPrefix("GET /slow") { usleep(300_000) }
            return HTTPServer.reply("x")
        }
        defer { server.stop() }
        let bell = StopFlag()
        let thread = try HTTPThread("mq-test-http") { bell.raise() }
        defer { thread.close() }
        thread.start([
            (HTTPRequest("GET", server.url + "slow"), 1), (HTTPRequest("GET", "nothing"), 2), (HTTPRequest("GET", server.url), 3),
        ])
        thread.cancel([1])
        let found = try collect(2, thread, bell)
        #expect(Set(found.map(\.tag)) == [2, 3])
        for completion in found where completion.tag == 2 {
            guard case .failure(let failure) = completion.result else { Issue.record("a reply"); continue }
            #expect(failure.error.code == .usage)
        }
    }
}
