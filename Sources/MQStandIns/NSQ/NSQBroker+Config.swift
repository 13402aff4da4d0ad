import MQCore

/// `/config/OPTION`: some of nsqd's options are told, and those that nsqd changes while it runs are kept, without an effect.
extension NSQBroker {
    private static let levels = ["debug", "info", "warn", "error", "fatal"]

    func configure(_ request: HTTPRequest) -> NSQReply {
        let option = String(request.path.dropFirst("/config/".count))
        switch (request.method, option) {
        case ("GET", _): break
        case ("PUT", "log_level"):
            let word = String(decoding: request.body, as: UTF8.self).lowercased()
            guard let level = Self.levels.firstIndex(of: word) else { return .failure(request.body.isEmpty ? 413 : 400, "INVALID_VALUE") }
            logLevel = level + 1
        case ("PUT", "nsqlookupd_tcp_addresses"):
            guard let addresses = Self.texts(request.body) else { return .failure(request.body.isEmpty ? 413 : 400, "INVALID_VALUE") }
            lookupAddresses = addresses
        case ("PUT", _): return .failure(400, "INVALID_OPTION")
        default: return .wrongMethod
        }
        guard let value = value(of: option) else { return .failure(400, "INVALID_OPTION") }
        return NSQReply(body: Array(value.utf8))
    }

    private func value(of option: String) -> String? {
        switch option {
        case "log_level": return "\(logLevel)"
        case "nsqlookupd_tcp_addresses":
            var json = JSONText()
            json.open("[")
            for address in lookupAddresses { json.value(address) }
            json.close("]")
            return json.string
        case "max_msg_size": return "\(settings.maximumMessageSize)"
        case "max_body_size": return "\(settings.maximumBodySize)"
        case "max_rdy_count": return "\(settings.maximumReady)"
        case "msg_timeout": return "\(settings.messageTimeout.loopbackNanoseconds)"
        case "max_msg_timeout": return "\(settings.maximumMessageTimeout.loopbackNanoseconds)"
        case "max_req_timeout": return "\(settings.maximumRequeueDelay.loopbackNanoseconds)"
        case "deflate": return "\(settings.offersDeflate)"
        case "snappy": return "\(settings.offersSnappy)"
        default: return nil
        }
    }

    private static func texts(_ json: [UInt8]) -> [String]? {
        try? JSONReader.read(json) { reader throws(TransportError) in
            var all: [String] = []
            try reader.array { reader throws(TransportError) in all.append(try reader.string()) }
            return all
        }
    }
}
