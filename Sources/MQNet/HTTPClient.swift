internal import CCurl
public import MQCore
internal import Synchronization

/// Exchanges over libcurl, opened with dlopen when the first client is made; connections are kept alive. One thread uses it.
///
/// A kept connection that the server has closed in the meantime is replaced without a word, as every client of HTTP does.
public final class HTTPClient {
    private let library: CurlLibrary
    private let multi: UnsafeMutableRawPointer
    private let bell: CurlBell
    /// By their easy handles.
    private var transfers: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    private var idle: [CurlTransfer] = []
    /// Ended while another one was waited for.
    private var ended: [HTTPCompletion] = []
    /// Names the exchanges of `perform`, below all that callers have.
    private var ownTag = Int.min

    /// - Throws: `configuration` when libcurl cannot be opened.
    public init() throws(TransportError) {
        library = try CurlLibrary.shared()
        guard let multi = library.api.pointee.multi_init() else { throw TransportError(.failure, "libcurl gives no handle") }
        self.multi = multi
        // Left alone, libcurl closes what lies idle beyond four times the exchanges under way, and that is nothing at the end of each round.
        _ = ccurl_set_multi_number(library.api, multi, CURLMOPT_MAXCONNECTS, 1000)
        bell = CurlBell(library, multi)
    }

    deinit {
        bell.remove()
        for easy in transfers.keys { _ = library.api.pointee.multi_remove_handle(multi, easy) }
        transfers = [:]
        idle = []
        _ = library.api.pointee.multi_cleanup(multi)
    }

    /// One exchange, waited for. `stop` and `deadline` end it: `tryAgain`.
    /// - Throws: the failure's own error; an `HTTPFailure.Kind` is had from `start` and `wait`.
    public func perform(_ request: HTTPRequest, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> HTTPReply {
        ownTag += 1
        let tag = ownTag
        try start(request, tag: tag)
        guard let completion = try wait(for: tag, until: deadline, stop: stop) else {
            throw TransportError(
                .tryAgain, stop.isRaised ? "stopped before the reply came" : "no reply in time", isRetriable: !stop.isRaised)
        }
        switch completion.result {
        case .success(let reply): return reply
        case .failure(let failure): throw failure.error
        }
    }

    /// The end of one exchange, whatever else ends meanwhile: that is kept for the next `wait`.
    /// - Returns: `nil` when the deadline passed or `stop` was raised; the exchange is dropped then.
    public func wait(for tag: Int, until deadline: Deadline, stop: StopFlag) throws(TransportError) -> HTTPCompletion? {
        while true {
            var found: HTTPCompletion?
            for completion in try move(until: deadline, stop: stop, endsWhenWoken: false) {
                if completion.tag == tag { found = completion } else { ended.append(completion) }
            }
            if let found { return found }
            guard stop.isRaised || deadline.hasPassed else { continue }
            cancel(tag)
            return nil
        }
    }

    /// Begins an exchange; `tag` names it in its completion. Bytes leave with the next `wait`.
    /// - Throws: `usage` for a request that is no HTTP.
    public func start(_ request: HTTPRequest, tag: Int) throws(TransportError) {
        let transfer = if let old = idle.popLast() { old } else { try CurlTransfer(library) }
        do throws(TransportError) {
            try transfer.prepare(request, tag: tag)
        } catch {
            idle.append(transfer)
            throw error
        }
        let code = library.api.pointee.multi_add_handle(multi, transfer.easy)
        guard code == CURLM_OK else { throw library.error(code) }
        transfers[transfer.easy] = transfer
    }

    /// Exchanges begun that have no completion yet.
    public var running: Int { transfers.count + ended.count }

    /// Moves bytes until at least one exchange has ended, the deadline passes, `stop` is raised or `wake` is called.
    /// With a deadline that has passed it only moves what is ready.
    /// - Throws: `failure` when the system gives no more memory or descriptors.
    public func wait(until deadline: Deadline, stop: StopFlag) throws(TransportError) -> [HTTPCompletion] {
        if !ended.isEmpty {
            defer { ended = [] }
            return ended
        }
        return try move(until: deadline, stop: stop, endsWhenWoken: true)
    }

    private func move(until deadline: Deadline, stop: StopFlag, endsWhenWoken: Bool) throws(TransportError) -> [HTTPCompletion] {
        while true {
            var count: CInt = 0
            let code = library.api.pointee.multi_perform(multi, &count)
            guard code == CURLM_OK else { throw library.error(code) }
            let completions = takeEnded()
            if !completions.isEmpty || stop.isRaised || deadline.hasPassed { return completions }
            if endsWhenWoken && bell.takeRing() { return [] }
            try poll(until: deadline, stop: stop)
        }
    }

    private func takeEnded() -> [HTTPCompletion] {
        var completions: [HTTPCompletion] = []
        var code = CURLE_OK
        while let easy = ccurl_next_ended(library.api, multi, &code) {
            guard let transfer = transfers.removeValue(forKey: easy) else { continue }
            if transfer.diedWithItsConnection(code), repeats(transfer) { continue }
            completions.append(HTTPCompletion(tag: transfer.tag, result: transfer.result(code), repeats: transfer.repeats))
            _ = library.api.pointee.multi_remove_handle(multi, easy)
            idle.append(transfer)
        }
        return completions
    }

    private func repeats(_ transfer: CurlTransfer) -> Bool {
        _ = library.api.pointee.multi_remove_handle(multi, transfer.easy)
        transfer.prepareAgain()
        guard library.api.pointee.multi_add_handle(multi, transfer.easy) == CURLM_OK else { return false }
        transfers[transfer.easy] = transfer
        return true
    }

    private func poll(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        // libcurl has no word for never; this is twelve days.
        let milliseconds = deadline.isNever ? 1 << 30 : deadline.pollMilliseconds
        var stopping = curl_waitfd(fd: stop.descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        let code = library.api.pointee.multi_poll(multi, &stopping, stop.descriptor >= 0 ? 1 : 0, milliseconds, nil)
        guard code == CURLM_OK else { throw library.error(code) }
    }

    /// Drops an exchange; it has no completion. Its connection is closed.
    public func cancel(_ tag: Int) {
        ended.removeAll { $0.tag == tag }
        for (easy, transfer) in transfers where transfer.tag == tag {
            _ = library.api.pointee.multi_remove_handle(multi, easy)
            transfers[easy] = nil
            transfer.forget()
            idle.append(transfer)
        }
    }

    /// Something for other threads that makes the current or next `wait` return at once.
    public var waker: HTTPWaker { HTTPWaker(bell: bell) }
}
