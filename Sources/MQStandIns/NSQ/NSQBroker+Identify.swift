import Glibc
import MQCore

/// IDENTIFY, and what it turns on.
extension NSQBroker {
    /// What a client asked for.
    private struct Request {
        var numbers: [String: Int] = [:]
        var truths: [String: Bool] = [:]
        var texts: [String: String] = [:]

        init(_ body: [UInt8]) throws {
            self = try body.withUnsafeBytes { bytes in
                var reader = JSONReader(bytes)
                let request = try Request(&reader)
                try reader.end()
                return request
            }
        }

        private init(_ reader: inout JSONReader) throws(TransportError) {
            var (numbers, truths, texts) = ([String: Int](), [String: Bool](), [String: String]())
            try reader.object { (reader, key) throws(TransportError) in
                switch try reader.kind() {
                case .number: numbers[key] = Int(try reader.number())
                case .bool: truths[key] = try reader.bool()
                case .string: texts[key] = try reader.string()
                default: try reader.skip()
                }
            }
            (self.numbers, self.truths, self.texts) = (numbers, truths, texts)
        }
    }

    func identify(_ client: NSQClient, _ body: [UInt8]) throws(NSQRefusal) -> String? {
        guard let request = try? Request(body) else { throw NSQRefusal("E_BAD_BODY IDENTIFY failed to decode JSON body") }
        try apply(request, to: client)
        client.identity = request.texts
        guard request.truths["feature_negotiation"] == true else { return "OK" }
        let tls = layers.offersTLS && request.truths["tls_v1"] == true
        let deflate = settings.offersDeflate && request.truths["deflate"] == true
        let snappy = settings.offersSnappy && request.truths["snappy"] == true
        if deflate && snappy { throw NSQRefusal("E_IDENTIFY_FAILED cannot enable both deflate and snappy compression") }
        let level = min(max(request.numbers["deflate_level"] ?? 6, 1), 6)
        client.reply(type: 0, answer(client, tls: tls, deflate: deflate, snappy: snappy, level: level))
        // Each layer is on when its OK goes through it. The OK of a compression follows the JSON without a pause.
        if tls {
            guard let layer = layers.tls() else { throw NSQRefusal("E_IDENTIFY_FAILED TLS cannot be set up") }
            client.layers.append(layer)
            client.reply(type: 0, Array("OK".utf8))
        }
        if snappy || deflate {
            guard let layer = snappy ? layers.snappy() : layers.deflate(level: level) else {
                throw NSQRefusal("E_IDENTIFY_FAILED compression cannot be set up")
            }
            client.layers.append(layer)
            client.reply(type: 0, Array("OK".utf8))
        }
        return nil
    }

    /// Values out of range are fatal, never clamped. 0 or nothing is the default, -1 turns off.
    private func apply(_ request: Request, to client: NSQClient) throws(NSQRefusal) {
        func value(_ key: String, _ range: ClosedRange<Int>, _ words: String, orOff: Bool) throws(NSQRefusal) -> Int? {
            guard let number = request.numbers[key], number != 0 else { return nil }
            if (orOff && number == -1) || range.contains(number) { return number }
            throw NSQRefusal("E_BAD_BODY IDENTIFY \(words) (\(number)) is invalid")
        }
        if let interval = try value("heartbeat_interval", 1000...60000, "heartbeat interval", orOff: true) {
            client.heartbeatInterval = interval == -1 ? 0 : Int64(interval) * 1_000_000
            client.lastHeartbeat = connectionNow
        }
        if let timeout = try value("output_buffer_timeout", 25...30000, "output buffer timeout", orOff: true) {
            client.bufferTimeout = timeout == -1 ? 0 : Int64(timeout) * 1_000_000
        }
        if let size = try value("output_buffer_size", 64...65536, "output buffer size", orOff: true) {
            client.bufferSize = size == -1 ? 1 : size
            if size == -1 { client.bufferTimeout = 0 }
        }
        client.sampleRate = try value("sample_rate", 0...99, "sample rate", orOff: false) ?? 0
        let limit = settings.maximumMessageTimeout.milliseconds
        if let timeout = try value("msg_timeout", 1000...limit, "msg timeout", orOff: false) {
            client.messageTimeout = Int64(timeout) * 1_000_000
        }
    }

    private func answer(_ client: NSQClient, tls: Bool, deflate: Bool, snappy: Bool, level: Int) -> [UInt8] {
        var json = JSONText()
        json.open("{")
        func number(_ key: String, _ value: Int) {
            json.member(key, value)
        }
        func truth(_ key: String, _ value: Bool) {
            json.member(key, value)
        }
        number("max_rdy_count", settings.maximumReady)
        json.member("version", Self.version)
        number("max_msg_timeout", settings.maximumMessageTimeout.milliseconds)
        number("msg_timeout", Int(client.messageTimeout / 1_000_000))
        truth("tls_v1", tls)
        truth("deflate", deflate)
        number("deflate_level", deflate ? level : 0)
        number("max_deflate_level", 6)
        truth("snappy", snappy)
        number("sample_rate", client.sampleRate)
        truth("auth_required", settings.secret != nil)
        number("output_buffer_size", client.bufferSize)
        number("output_buffer_timeout", Int(client.bufferTimeout / 1_000_000))
        json.close("}")
        return json.bytes
    }

    static let version = "1.3.0"
}
