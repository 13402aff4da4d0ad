internal import MQCore

/// What nsqd answers to IDENTIFY.
struct Negotiated: Sendable, Equatable {
    /// The most that RDY may say.
    var maximumReady = 2500
    /// Milliseconds that a message may be worked on, and the most that TOUCH can make of it.
    var messageTimeout = 60_000
    var maximumMessageTimeout = 900_000
    var tls = false
    var deflate = false
    var snappy = false
    var requiresAuth = false
    var version = ""

    /// - Throws: `protocolViolation` for what is no such answer.
    init(_ bytes: UnsafeRawBufferPointer) throws(TransportError) {
        var reader = JSONReader(bytes)
        do throws(TransportError) {
            try reader.object { (reader: inout JSONReader, key: String) throws(TransportError) in try self.take(key, from: &reader) }
            try reader.end()
        } catch {
            throw TransportError(.protocolViolation, "nsqd's answer to IDENTIFY cannot be read: \(error.message)", hint: "is this an nsqd?")
        }
    }

    private mutating func take(_ key: String, from reader: inout JSONReader) throws(TransportError) {
        switch (key, try reader.kind()) {
        case ("max_rdy_count", .number): maximumReady = max(1, try Self.integer(&reader))
        case ("msg_timeout", .number): messageTimeout = max(1, try Self.integer(&reader))
        case ("max_msg_timeout", .number): maximumMessageTimeout = max(1, try Self.integer(&reader))
        case ("tls_v1", .bool): tls = try reader.bool()
        case ("deflate", .bool): deflate = try reader.bool()
        case ("snappy", .bool): snappy = try reader.bool()
        case ("auth_required", .bool): requiresAuth = try reader.bool()
        case ("version", .string): version = try reader.string()
        default: try reader.skip()
        }
    }

    private static func integer(_ reader: inout JSONReader) throws(TransportError) -> Int {
        let text = try reader.number()
        guard let number = Int(text) else { throw reader.failure("\(text) is not a whole number") }
        return min(number, Int(Int32.max))
    }

    /// What was asked for must have been granted: nothing goes on in the clear that was to be encrypted.
    /// - Throws: `configuration`, naming what nsqd refuses.
    func check(_ asked: Identification) throws(TransportError) {
        if asked.tls && !tls {
            throw TransportError(
                .configuration, "this nsqd offers no TLS, and nothing is sent in the clear",
                hint: "start nsqd with -tls-cert and -tls-key, or leave tls out")
        }
        let isRefused =
            switch asked.compression {
            case .none: false
            case .snappy: !snappy
            case .deflate: !deflate
            }
        if isRefused {
            throw TransportError(.configuration, "this nsqd refuses the compression asked for", hint: "see nsqd's -snappy and -deflate")
        }
    }
}
