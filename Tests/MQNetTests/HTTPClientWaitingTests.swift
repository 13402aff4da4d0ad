import Glibc
import MQCore
import MQStandIns
import MQTesting
import Testing

@testable import MQNet

@Suite(.ownThread, .timeLimit(.minutes(1)), .serialized) struct HTTPClientWaitingTests {
    /// How many milliseconds a wait takes in which nothing ends.
    private func wait(_ client: HTTPClient, _ limit: Duration? = nil, stop: StopFlag = StopFlag()) throws -> Double {
        let start = Deadline.now()
        let ended = try client.wait(until: .after(limit), stop: stop)
        #expect(ended.isEmpty)
        return Double(Deadline.now() - start) / 1e6
    }

    @Test func aRaisedFlagEndsTheWaitWithinFiftyMilliseconds() throws {
        let server = try HTTPServer { _, _ in
            usleep(1_500_000)
            return nil
        }
        defer { server.stop() }
        let delay = try shortest(enough: .milliseconds(50)) {
            let client = try HTTPClient()
            let stop = StopFlag()
            let raiser = Background {
                usleep(200_000)
                let raised = ContinuousClock.now
                stop.raise()
                return raised
            }
            let error = #expect(throws: TransportError.self) {
                try client.perform(HTTPRequest("GET", server.url), until: .never, stop: stop)
            }
            let ended = ContinuousClock.now
            #expect(error?.code == .tryAgain)
            #expect(client.running == 0)
            return ended - (try raiser.join())
        }
        #expect(delay < .milliseconds(50))
    }

    @Test func aRaisedFlagDoesNotWaitForTheResolver() throws {
        let delay = try shortest(enough: .milliseconds(50)) {
            let client = try HTTPClient()
            let stop = StopFlag()
            // Whatever the resolver of this machine does with it, nobody waits for its thread.
            try client.start(HTTPRequest("GET", "http://no-such-name.invalid/"), tag: 1)
            stop.raise()
            let start = ContinuousClock.now
            _ = try client.wait(until: .never, stop: stop)
            client.cancel(1)
            return ContinuousClock.now - start
        }
        #expect(delay < .milliseconds(50))
    }

    @Test func aDeadlineEndsTheWaitAndTheExchangeGoesOn() throws {
        let server = try HTTPServer { _, _ in
            usleep(400_000)
            return HTTPServer.reply("late")
        }
        defer { server.stop() }
        let client = try HTTPClient()
        try client.start(HTTPRequest("GET", server.url), tag: 1)
        let taken = try wait(client, .milliseconds(100))
        #expect(taken >= 99 && taken < 300)
        #expect(try client.wait(until: .after(.seconds(10)), stop: StopFlag()).count == 1)
    }

    @Test func wakingEndsTheCurrentWaitOrTheNext() throws {
        let client = try HTTPClient()
        let waker = client.waker
        waker.wake()
        #expect(try wait(client, .seconds(10)) < 1000)
        let thread = Background {
            usleep(100_000)
            waker.wake()
        }
        let taken = try wait(client, .seconds(10))
        try thread.join()
        #expect(taken > 50 && taken < 1000)
        // It has been taken: the next wait is a wait again.
        #expect(try wait(client, .milliseconds(100)) >= 99)
    }

    @Test func aWakerOutlivesItsClient() throws {
        var client: HTTPClient? = try HTTPClient()
        let waker = try #require(client).waker
        client = nil
        waker.wake()
    }

    @Test func aServerThatNobodyReachesIsGivenUpInTime() throws {
        let listener = FullListener()
        let client = try HTTPClient()
        var request = HTTPRequest("GET", "http://127.0.0.1:\(listener.port)/")
        request.connectTimeout = .milliseconds(300)
        try client.start(request, tag: 1)
        let completion = try #require(try client.wait(until: .after(.seconds(5)), stop: StopFlag()).first)
        guard case .failure(let failure) = completion.result else {
            Issue.record("connected to a full listener")
            return
        }
        #expect(failure.kind == .timedOut && failure.error.code == .unreachable)
        #expect(failure.error.message.hasSuffix("no connection within 300ms"))
    }
}
