internal import CCurl
internal import MQCore

/// One easy handle and the exchange it carries; used again for the next exchange, which keeps its allocations.
final class CurlTransfer {
    let library: CurlLibrary
    let easy: UnsafeMutableRawPointer
    private(set) var tag = 0
    private var request: HTTPRequest
    /// The handle still holds what `request` asked for: a like one sets only what differs.
    private var isPrepared = false
    private var lines = HeaderLines()
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    /// The body on its way, in place while the exchange lasts.
    private var outgoing = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// How often the request went out.
    private let sendings = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    private let errorBuffer = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    // What has come of the reply.
    fileprivate(set) var body: [UInt8] = []
    /// The lines of the last reply's head.
    fileprivate(set) var head: [UInt8] = []
    private var headerBytes = 0
    private var lastBodySize = 0
    fileprivate(set) var isTooLarge = false
    /// The exchange is made for the second time, on a connection of its own.
    private var isRepeated = false

    /// The most a reply may be, decompressed: it is held in memory.
    fileprivate static let bodyLimit = 64 << 20
    fileprivate static let headerLimit = 1 << 18

    var usesProxy: Bool { request.usesProxy }

    /// - Throws: `failure` when there is no memory.
    init(_ library: CurlLibrary) throws(TransportError) {
        guard let easy = library.api.pointee.easy_init() else { throw TransportError(.failure, "libcurl gives no handle") }
        (self.library, self.easy) = (library, easy)
        request = HTTPRequest("GET", "")
    }

    deinit {
        library.api.pointee.easy_cleanup(easy)
        freeLists()
        outgoing.deallocate()
        sendings.deallocate()
        errorBuffer.deallocate()
    }

    private func freeLists() {
        for list in lists { library.api.pointee.slist_free_all(list) }
        lists = []
    }

    /// Makes the handle ready for `request`.
    /// - Throws: `usage` for a request that is no HTTP.
    func prepare(_ request: HTTPRequest, tag: Int) throws(TransportError) {
        let isLike = isPrepared && request.isLike(self.request)
        try Self.check(request, isKnown: isLike)
        self.tag = tag
        body.reserveCapacity(lastBodySize)
        headerBytes = 0
        sendings.pointee = 0
        isTooLarge = false
        if isRepeated { set(CURLOPT_FRESH_CONNECT, 0) }
        isRepeated = false
        errorBuffer.pointee = 0
        if isLike {
            let timeout = self.request.timeout
            self.request = request
            if request.timeout != timeout { set(CURLOPT_TIMEOUT_MS, Self.milliseconds(request.timeout)) }
            setBody()
        } else {
            library.api.pointee.easy_reset(easy)
            freeLists()
            self.request = request
            setBasics()
            setMethod()
            if !request.resolve.isEmpty { set(CURLOPT_RESOLVE, list(request.resolve)) }
            if let place = request.connectTo { set(CURLOPT_CONNECT_TO, list([place])) }
            setTrust()
            if !request.usesProxy { set(CURLOPT_PROXY, text: "") }
            isPrepared = true
        }
        set(CURLOPT_HTTPHEADER, lines.list(request.headers))
        self.request.body = []
    }

    private func setBasics() {
        let api = library.api
        set(CURLOPT_NOSIGNAL, 1)
        ccurl_set_quick_exit(api, easy)
        set(CURLOPT_URL, text: request.url)
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        // What is hardly looked at need not be decompressed.
        if request.keeps == nil { set(CURLOPT_ACCEPT_ENCODING, text: "") }
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_BUFFERSIZE, 1 << 16)
        set(CURLOPT_TIMEOUT_MS, Self.milliseconds(request.timeout))
        set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(request.connectTimeout))
        set(CURLOPT_ERRORBUFFER, errorBuffer)
        ccurl_count_sendings(api, easy, sendings)
        let context = Unmanaged.passUnretained(self).toOpaque()
        set(CURLOPT_PRIVATE, context)
        set(CURLOPT_WRITEDATA, context)
        set(CURLOPT_HEADERDATA, context)
        _ = ccurl_set_callback(api, easy, CURLOPT_WRITEFUNCTION, takeBody)
        _ = ccurl_set_callback(api, easy, CURLOPT_HEADERFUNCTION, takeHeader)
    }

    private func setMethod() {
        switch request.method {
        case "GET" where request.body.isEmpty: set(CURLOPT_HTTPGET, 1)
        case "HEAD": set(CURLOPT_NOBODY, 1)
        case let method:
            if method == "POST" || !request.body.isEmpty {
                set(CURLOPT_POST, 1)
                setBody()
            }
            if method != "POST" { set(CURLOPT_CUSTOMREQUEST, text: method) }
        }
    }

    private func setBody() {
        let count = request.body.count
        // NULL would mean that a read callback has the body: there is always a buffer.
        if outgoing.count < max(count, 1) || outgoing.count > max(4 * count, 1 << 16) {
            outgoing.deallocate()
            outgoing = .allocate(byteCount: max(count, 1024), alignment: 1)
        }
        outgoing.copyBytes(from: request.body)
        _ = ccurl_set_size(library.api, easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(count))
        set(CURLOPT_POSTFIELDS, UnsafeRawPointer(outgoing.baseAddress))
    }

    private func setTrust() {
        if let path = request.caFile { set(CURLOPT_CAINFO, text: path) }
        if let path = request.certificateFile { set(CURLOPT_SSLCERT, text: path) }
        if let path = request.keyFile { set(CURLOPT_SSLKEY, text: path) }
        guard !request.verifies else { return }
        set(CURLOPT_SSL_VERIFYPEER, 0)
        set(CURLOPT_SSL_VERIFYHOST, 0)
    }

    private func list(_ lines: [String]) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { list = library.api.pointee.slist_append(list, line) ?? list }
        if let list { lists.append(list) }
        return list
    }

    private func set(_ option: CURLoption, _ value: Int) { _ = ccurl_set_number(library.api, easy, option, value) }
    private func set(_ option: CURLoption, _ value: UnsafeRawPointer?) { _ = ccurl_set_pointer(library.api, easy, option, value) }
    private func set(_ option: CURLoption, text: String) { _ = text.withCString { ccurl_set_pointer(library.api, easy, option, $0) } }

    /// 0 would mean no limit to libcurl.
    private static func milliseconds(_ duration: Duration) -> Int {
        Int(min(max((duration.nanoseconds + 999_999) / 1_000_000, 1), UInt64(Int32.max)))
    }

    /// Refuses what would go out as something else than it says.
    /// - Parameter isKnown: URL and method were looked at before.
    private static func check(_ request: HTTPRequest, isKnown: Bool) throws(TransportError) {
        let scheme = request.url.utf8.prefix { $0 != UInt8(ascii: ":") }
        guard isKnown || (["http", "https"].contains { ASCII.equalIgnoringCase($0.utf8, scheme) } && !hasControl(request.url)) else {
            throw TransportError(.usage, "'\(request.url)' is not an http or https URL")
        }
        guard isKnown || (!request.method.isEmpty && request.method.utf8.allSatisfy { (0x41...0x5a).contains($0) }) else {
            throw TransportError(.usage, "'\(request.method)' is not a method of HTTP")
        }
        for (name, value) in request.headers
        where name.isEmpty || name.utf8.contains(UInt8(ascii: ":")) || hasControl(name) || hasControl(value) {
            throw TransportError(.usage, "'\(name)' is not a header of HTTP: its name or value holds a control character")
        }
    }

    private static func hasControl(_ text: String) -> Bool { text.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f } }

    /// How often libcurl sent the request again.
    var repeats: Int { max(0, sendings.pointee - 1) }

    /// Whether a kept connection was closed at the moment of sending. Most of these libcurl repeats itself, but not those in which the
    /// kernel no longer takes the body.
    func diedWithItsConnection(_ code: CURLcode) -> Bool {
        (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING) && !isRepeated && headerBytes == 0
            && ccurl_info_number(library.api, easy, CURLINFO_NUM_CONNECTS) == 0
    }

    /// Makes the handle ready for the same exchange once more, over another connection.
    func prepareAgain() {
        isRepeated = true
        errorBuffer.pointee = 0
        set(CURLOPT_FRESH_CONNECT, 1)
    }

    /// What became of the exchange.
    func result(_ code: CURLcode) -> Result<HTTPReply, HTTPFailure> {
        defer {
            body = []
            head = []
        }
        guard code == CURLE_OK else {
            isPrepared = false
            return .failure(CurlFailure(transfer: self, url: request.url, code: code).failure)
        }
        lastBodySize = min(body.count, 1 << 16)
        return .success(HTTPReply(status: ccurl_info_number(library.api, easy, CURLINFO_RESPONSE_CODE), head: head, body: body))
    }

    /// libcurl's own sentence about the last failure.
    var words: String? {
        let text = String(cString: errorBuffer)
        return text.isEmpty ? nil : text
    }
    var timeout: Duration { request.timeout }
    var connectTimeout: Duration { request.connectTimeout }
    /// The system's error number of the last failure, 0 without one.
    var systemError: CInt { CInt(ccurl_info_number(library.api, easy, CURLINFO_OS_ERRNO)) }
    /// Whether a connection was there to send the request on.
    var hasConnected: Bool { ccurl_info_size(library.api, easy, CURLINFO_PRETRANSFER_TIME_T) > 0 }

    /// What was dropped has no reply.
    func forget() {
        body = []
        head = []
        isPrepared = false
    }

    fileprivate func take(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, isBody: Bool) -> Int {
        let piece = UnsafeRawBufferPointer(start: bytes, count: count)
        if isBody, let limit = request.keeps {
            body.append(contentsOf: piece.prefix(max(0, limit - body.count)))
        } else if isBody {
            isTooLarge = body.count + count > Self.bodyLimit
            if !isTooLarge { body.append(contentsOf: piece) }
        } else {
            headerBytes += count
            isTooLarge = headerBytes > Self.headerLimit
            // A status line begins anew: what stood before belonged to an interim reply.
            if piece.starts(with: "HTTP/".utf8) { head.removeAll(keepingCapacity: true) }
            if !isTooLarge { head.append(contentsOf: piece) }
        }
        // Anything but the count ends the transfer; for no bytes at all, 0 is the count.
        return isTooLarge ? CURL_WRITEFUNC_FAILED : count
    }
}

private let CURL_WRITEFUNC_FAILED = Int(UInt32.max)

private func takeBody(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    Unmanaged<CurlTransfer>.fromOpaque(context!).takeUnretainedValue().take(bytes, size * count, isBody: true)
}

private func takeHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    Unmanaged<CurlTransfer>.fromOpaque(context!).takeUnretainedValue().take(bytes, size * count, isBody: false)
}
