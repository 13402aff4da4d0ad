import Glibc
import MQCore

/// One kept connection: reads a request, has it executed, answers, with the faults of the moment.
struct SQSConnection {
    private let socket: LoopbackSocket
    private let service: SQSService

    init(_ socket: LoopbackSocket, _ service: SQSService) { (self.socket, self.service) = (socket, service) }

    /// What is looked at in a request.
    private struct Head {
        var operation: String
        let (date, host): (String, String?)
        let (takesGzip, isSigned): (Bool, Bool)

        init(_ headers: [String: String]) {
            operation = String(headers["x-amz-target"]?.split(separator: ".").last ?? "")
            (date, host) = (headers["x-amz-date"] ?? "", headers["host"])
            takesGzip = headers["accept-encoding"]?.holds("gzip") ?? false
            isSigned = headers["authorization"]?.hasPrefix("AWS4-HMAC-SHA256 ") ?? false
        }
    }

    private enum Plan { case answer, lose, truncate, hang(Duration), late(Duration), foreign, closeFirst }

    func serve() {
        var input: [UInt8] = []
        while let request = read(&input), answer(request), !request.closes {}
        socket.shutDown()
    }

    private func read(_ input: inout [UInt8]) -> HTTPRequest? {
        do throws(HTTPRequest.Failure) {
            while true {
                let invite = { _ = socket.write("HTTP/1.1 100 Continue\r\n\r\n") }
                if let request = try HTTPRequest.take(from: &input, invite: invite) { return request }
                guard case .bytes = socket.read(appendingTo: &input) else { return nil }
            }
        } catch {
            socket.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return nil
        }
    }

    /// - Returns: whether the connection goes on.
    private func answer(_ given: HTTPRequest) -> Bool {
        if given.path.hasPrefix("/mq/") { return control(given) }
        // Without X-Amz-Target it is the query protocol.
        var head = Head(given.headers)
        let isQuery = head.operation.isEmpty
        let decoded: SQSRequest?
        if isQuery {
            let form = [given.body, Array(given.query.utf8)].flatMap { $0.withUnsafeBytes { FormText.pairs($0) } }
            head.operation = form.first { $0.name == "Action" }.map { String(decoding: $0.value, as: UTF8.self) } ?? ""
            decoded = SQSRequest(form: form, path: given.path)
        } else {
            decoded = given.body.withUnsafeBytes { SQSRequest.decode($0) }
        }
        guard var request = decoded else {
            return send(SQSFailure("SerializationException", "no JSON that fits", queryCode: "MalformedInput"), isQuery: isQuery)
        }
        request.host = head.host
        let (delay, keys) = service.withState { ($0.settings.delay, $0.settings.keys) }
        if delay > .zero { usleep(UInt32(clamping: delay.loopbackNanoseconds / 1000)) }
        if let keys, let failure = SQSSignature.refusal(given, keys: keys) {
            return send(failure, isQuery: isQuery)
        }
        var json = JSONText()
        json.open("{")
        var (plan, usesGzip) = (Plan.answer, false)
        var refusal: SQSFailure?
        var raw: (status: Int, kind: String, text: String)?
        let skew = service.withState { state -> Duration in
            let faults = state.settings.faults
            state.requests[head.operation, default: 0] += 1
            if !state.settings.acceptsUnsigned { refusal = Self.refusal(head, state.settings.clockSkew) }
            if refusal != nil { return state.settings.clockSkew }
            let behaviour = state.settings.operations[head.operation]
            if case .refuse(let code) = behaviour {
                let text = "{\"Error\":{\"Type\":\"Not Found\",\"Code\":\"\(code)\",\"Message\":\"refused\"},\"RequestId\":\"0\"}"
                raw = (400, "application/json", text)
            } else if state.plays("closedConnection", faults.closedConnection) {
                plan = .closeFirst
            } else if state.plays("reset", faults.reset) {
                socket.resetWhenClosed()
                plan = .closeFirst
            } else if state.plays("throttle", faults.throttle) {
                refusal = SQSFailure("RequestThrottled", "Rate exceeded", queryCode: "ThrottlingException")
            } else if state.plays("serverError", faults.serverError) {
                refusal = SQSFailure(
                    "InternalError", "We encountered an internal error.", status: Bool.random(using: &state.generator) ? 500 : 503)
            } else if state.plays("xmlError", faults.xmlError) {
                let text =
                    "<?xml version=\"1.0\"?><ErrorResponse><Error><Type>Receiver</Type><Code>ServiceUnavailable</Code><Message>Service is unavailable.</Message></Error><RequestId>0</RequestId></ErrorResponse>"
                raw = (503, "text/xml", text)
            } else if state.plays("htmlError", faults.htmlError) {
                raw = (502, "text/html", "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>")
            } else {
                do throws(SQSFailure) {
                    try service.execute(head.operation, request, &state, &json, isAlive: { isAlive })
                    if let behaviour {
                        plan = Self.plan(behaviour, faults)
                    } else if state.plays("lostReply", faults.lostReply) {
                        plan = .lose
                    } else if state.plays("truncatedReply", faults.truncatedReply) {
                        plan = .truncate
                    } else if state.plays("hang", faults.hang) {
                        plan = .hang(faults.hangTime)
                    }
                    usesGzip = head.takesGzip && state.plays("gzip", faults.gzip)
                } catch { refusal = error }
            }
            return state.settings.clockSkew
        }
        json.close("}")
        if let refusal { return send(refusal, skew: skew, isQuery: isQuery) }
        let reply = isQuery ? SQSQueryReply.text(head.operation, json.bytes) : json.bytes
        let kind = isQuery ? "text/xml" : "application/x-amz-json-1.0"
        if let raw { return send(raw.status, kind: raw.kind, Array(raw.text.utf8), skew: skew) }
        switch plan {
        case .closeFirst, .lose: return false
        case .hang(let time):
            let end = Deadline.after(time)
            while !end.hasPassed && isAlive && !service.withState({ $0.isOver }) { usleep(10_000) }
            return false
        case .late(let time):
            usleep(UInt32(time.components.seconds * 1_000_000 + time.components.attoseconds / 1_000_000_000_000))
            return send(200, kind: kind, reply, skew: skew)
        case .foreign: return send(200, kind: "text/plain", Array("{\"result\":\"ok\"}".utf8), skew: skew)
        case .truncate:
            _ = send(200, kind: kind, reply, skew: skew, isCut: true)
            return false
        case .answer: return send(200, kind: kind, usesGzip ? StoredGzip.member(of: reply) : reply, isGzip: usesGzip, skew: skew)
        }
    }

    /// What is no request to SQS but to the mock.
    private func control(_ request: HTTPRequest) -> Bool {
        let now = service.withState { $0.settings.chances }
        let words = String(decoding: request.body, as: UTF8.self)
        let (status, text) = StandInControl.answer(request.method, request.path, words, faults: now) { faults in
            service.withState { $0.settings.chances = faults }
        }
        service.announce()
        return send(status, kind: "text/plain; charset=utf-8", Array(text.utf8), skew: .zero)
    }

    private static func plan(_ behaviour: SQSStandIn.Behaviour, _ faults: SQSStandIn.Faults) -> Plan {
        switch behaviour {
        case .hang: .hang(faults.hangTime)
        case .late(let time): .late(time)
        case .foreign: .foreign
        case .refuse: .answer
        }
    }

    /// Whether the client still listens.
    private var isAlive: Bool {
        var byte: UInt8 = 0
        let count = recv(socket.descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
    }

    private static func refusal(_ head: Head, _ skew: Duration) -> SQSFailure? {
        guard head.isSigned else {
            return SQSFailure("MissingAuthenticationToken", "Request is missing Authentication Token", status: 403)
        }
        guard let time = seconds(head.date) else {
            return SQSFailure("IncompleteSignature", "X-Amz-Date is missing or invalid", status: 403)
        }
        let now = Int(wallNanoseconds() / 1_000_000_000) + Int(skew.components.seconds)
        if abs(now - time) <= 300 { return nil }
        let words = "Signature \(time < now ? "expired" : "not yet current"): \(head.date) is not within 5 min. of the server's time"
        return SQSFailure(
            time < now ? "InvalidSignatureException" : "RequestTimeTooSkewed", words, status: 403, queryCode: "InvalidSignature")
    }

    /// Of `20240131T120000Z`, since 1970.
    private static func seconds(_ text: String) -> Int? {
        let digits = Array(text.utf8)
        guard digits.count == 16, digits[8] == 0x54, digits[15] == 0x5a else { return nil }
        func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + Int($1) - 48 } }
        var time = tm()
        (time.tm_year, time.tm_mon, time.tm_mday) = (CInt(number(0..<4) - 1900), CInt(number(4..<6) - 1), CInt(number(6..<8)))
        (time.tm_hour, time.tm_min, time.tm_sec) = (CInt(number(9..<11)), CInt(number(11..<13)), CInt(number(13..<15)))
        return timegm(&time)
    }

    // MARK: answering

    private func send(_ failure: SQSFailure, skew: Duration = .zero, isQuery: Bool) -> Bool {
        if isQuery { return send(failure.status, kind: "text/xml", SQSQueryReply.failure(failure), skew: skew) }
        let extra = "x-amzn-query-error: \(failure.queryCode);\(failure.isSender ? "Sender" : "Receiver")\r\n"
        return send(failure.status, failure.json, extra: extra, skew: skew)
    }

    private func send(
        _ status: Int, kind: String = "application/x-amz-json-1.0", _ body: [UInt8], extra: String = "", isGzip: Bool = false,
        skew: Duration, isCut: Bool = false
    ) -> Bool {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(320 + body.count)
        bytes += "HTTP/1.1 \(status) \(status == 200 ? "OK" : "Refused")\r\nContent-Type: \(kind)\r\nDate: ".utf8
        bytes += Self.date(skew).utf8
        bytes += "\r\nx-amzn-RequestId: 00000000-0000-4000-8000-000000000000\r\n\(isGzip ? "Content-Encoding: gzip\r\n" : "")".utf8
        bytes += "\(extra)Content-Length: \(body.count)\r\n\r\n".utf8
        bytes += isCut ? body.prefix(body.count / 2) : body[...]
        return socket.write(bytes)
    }

    private static func date(_ skew: Duration) -> String {
        var now = Int(wallNanoseconds() / 1_000_000_000) + Int(skew.components.seconds)
        var parts = tm()
        gmtime_r(&now, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
            strftime(text.baseAddress!, 64, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            return String(cString: text.baseAddress!)
        }
    }
}
