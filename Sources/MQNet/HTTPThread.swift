public import MQCore
internal import Synchronization

/// A client on a thread of its own, for a caller that has other things to wait for: requests go in at any time, and the caller is told
/// when completions can be had.
public final class HTTPThread: Sendable {
    private struct Desk {
        var requests: [(request: HTTPRequest, tag: Int)] = []
        var cancelled: [Int] = []
        var completions: [HTTPCompletion] = []
        /// Why the thread has ended, if it was not asked to.
        var failure: TransportError?
        /// The caller was told that there is something, and has not looked.
        var isTold = false
    }

    /// The client on its way to the thread that uses it from then on.
    private struct Handover: @unchecked Sendable {
        // Unchecked: whoever makes it never touches the client again.
        let client: HTTPClient
    }

    private let desk = Mutex(Desk())
    private let waker: HTTPWaker
    private let end = StopFlag()
    private let tell: @Sendable () -> Void

    /// - Parameters:
    ///   - name: of the thread, at most 15 bytes.
    ///   - tell: is called on the thread when there is something to `collect`, once until that is called.
    /// - Throws: `configuration` when libcurl cannot be opened, `failure` without a thread.
    public init(_ name: String, tell: @escaping @Sendable () -> Void) throws(TransportError) {
        let handover = Handover(client: try HTTPClient())
        waker = handover.client.waker
        self.tell = tell
        try BackgroundThread.start(name, blockingSignals: true) { [self] in run(handover.client) }
    }

    /// Requests to begin with; a tag names each in its completion.
    public func start(_ requests: [(request: HTTPRequest, tag: Int)]) {
        guard !requests.isEmpty else { return }
        desk.withLock { $0.requests += requests }
        waker.wake()
    }

    /// Drops exchanges; their connections are closed, and what had a completion already keeps it.
    public func cancel(_ tags: [Int]) {
        guard !tags.isEmpty else { return }
        desk.withLock { desk in
            desk.requests.removeAll { tags.contains($0.tag) }
            desk.cancelled += tags
        }
        waker.wake()
    }

    /// What has ended since the last call.
    /// - Throws: why nothing will end any more: memory or descriptors are used up.
    public func collect() throws(TransportError) -> [HTTPCompletion] {
        let (completions, failure) = desk.withLock { desk in
            defer { desk.completions = [] }
            desk.isTold = false
            return (desk.completions, desk.failure)
        }
        if completions.isEmpty, let failure { throw failure }
        return completions
    }

    /// Ends the thread; what is under way is dropped.
    public func close() {
        end.raise()
        waker.wake()
    }

    private func run(_ client: HTTPClient) {
        do throws(TransportError) {
            while !end.isRaised {
                let (requests, cancelled) = desk.withLock { desk in
                    defer { (desk.requests, desk.cancelled) = ([], []) }
                    return (desk.requests, desk.cancelled)
                }
                for tag in cancelled { client.cancel(tag) }
                var completions: [HTTPCompletion] = []
                for (request, tag) in requests {
                    do throws(TransportError) { try client.start(request, tag: tag) } catch {
                        completions.append(HTTPCompletion(tag: tag, result: .failure(HTTPFailure(.other, error))))
                    }
                }
                if completions.isEmpty { completions = try client.wait(until: .never, stop: end) }
                hand(completions, nil)
            }
        } catch {
            hand([], error)
        }
    }

    private func hand(_ completions: [HTTPCompletion], _ failure: TransportError?) {
        if completions.isEmpty && failure == nil { return }
        let isNews = desk.withLock { desk in
            desk.completions += completions
            desk.failure = failure
            defer { desk.isTold = true }
            return !desk.isTold
        }
        if isNews { tell() }
    }
}
