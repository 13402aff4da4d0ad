internal import MQCore

/// What a client asks for when it introduces itself (nsq.io, TCP protocol spec, IDENTIFY).
struct Identification: Sendable {
    enum Compression: Sendable, Equatable {
        case none, snappy
        /// The level, 1 to 9.
        case deflate(Int)
    }

    var clientID = ""
    var hostname = ""
    var userAgent = "mq"
    /// Milliseconds between two heartbeats, 1000…60000. A peer that has gone is noticed after two of them.
    var heartbeat = 10_000
    /// Bytes that nsqd collects before it writes, 64…65536; -1 is none.
    var outputBuffer = -1
    /// Milliseconds after which it writes all the same.
    var outputTimeout = 25
    /// Milliseconds that a message may be worked on; nsqd's own standard when `nil`.
    var messageTimeout: Int?
    var tls = false
    var compression = Compression.none
    /// Percentage of the messages that is delivered; the others are lost.
    var sampleRate: Int?
    var region: String?
    var zone: String?

    /// The body of IDENTIFY.
    var json: [UInt8] {
        var text = JSONText()
        text.open("{")
        text.member("client_id", clientID)
        text.member("hostname", hostname)
        text.member("user_agent", userAgent)
        text.member("feature_negotiation", true)
        text.member("heartbeat_interval", heartbeat)
        text.member("output_buffer_size", outputBuffer)
        text.member("output_buffer_timeout", outputBuffer < 0 ? -1 : outputTimeout)
        for (key, number) in [("msg_timeout", messageTimeout), ("sample_rate", sampleRate)] {
            guard let number else { continue }
            text.member(key, number)
        }
        for (key, words) in [("topology_region", region), ("topology_zone", zone)] {
            guard let words else { continue }
            text.member(key, words)
        }
        text.member("tls_v1", tls)
        text.member("snappy", compression == .snappy)
        if case .deflate(let level) = compression {
            text.member("deflate", true)
            text.member("deflate_level", level)
        }
        text.close("}")
        return text.bytes
    }
}
