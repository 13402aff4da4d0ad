internal import MQCore
internal import MQNet

/// Requests to the HTTP side of several nsqds or nsqlookupds at once.
struct LookupExchange {
    let resolve: [String]
    /// For URLs that begin with https.
    var tls: TLSChoice?
    /// Where to connect for each URL whose host is only the name that the certificate must hold.
    var places: [String] = []
    /// For one request; nsqadmin waits as long.
    var timeout = Duration.seconds(5)

    /// A name in a query. Of what a name may hold only `#` means something else there.
    static func escaped(_ name: String) -> String {
        name.utf8.split(separator: UInt8(ascii: "#"), omittingEmptySubsequences: false).map { String($0)! }.joined(separator: "%23")
    }

    /// The outcome of each request, in their order.
    /// - Throws: `tryAgain` when the flag was raised first.
    func run(
        _ method: String, _ urls: [String], on client: HTTPClient, until deadline: Deadline, stop: StopFlag
    ) throws(TransportError) -> [Result<HTTPReply, TransportError>] {
        let late = TransportError(.tryAgain, "no reply in time", isRetriable: true)
        var results = [Result<HTTPReply, TransportError>](repeating: .failure(late), count: urls.count)
        for (index, url) in urls.enumerated() {
            var request = HTTPRequest(method, url)
            request.headers = [("Accept", "application/vnd.nsq; version=1.0"), ("User-Agent", "mq")]
            request.timeout = timeout
            request.connectTimeout = .seconds(2)
            request.resolve = resolve
            if let tls {
                (request.caFile, request.certificateFile, request.keyFile) = (tls.caFile, tls.certificateFile, tls.keyFile)
                request.verifies = tls.verifies
                if index < places.count { request.connectTo = "::\(places[index])" }
            }
            // These are services inside; no client of nsq goes through a proxy to them.
            request.usesProxy = false
            do throws(TransportError) { try client.start(request, tag: index) } catch { results[index] = .failure(error) }
        }
        while client.running > 0 {
            for completion in try client.wait(until: deadline, stop: stop) {
                results[completion.tag] = completion.result.mapError(\.error)
            }
            guard stop.isRaised || deadline.hasPassed else { continue }
            for index in urls.indices { client.cancel(index) }
            if stop.isRaised { throw TransportError(.tryAgain, "stopped before every reply came") }
        }
        return results
    }

    /// The word in `{"message":"TOPIC_NOT_FOUND"}`.
    static func message(_ reply: HTTPReply) -> String? {
        var message: String?
        let isRead: Void? = try? JSONReader.read(reply.body) { reader throws(TransportError) in
            try reader.object { reader, key throws(TransportError) in
                if key == "message" { message = try reader.string() } else { try reader.skip() }
            }
        }
        return isRead == nil ? nil : message
    }
}
