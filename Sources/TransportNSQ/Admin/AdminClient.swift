internal import MQCore

/// A consumer or a publisher, as nsqd's statistics show it.
struct AdminClient: Sendable, Equatable {
    /// Its end of the connection.
    var address = ""
    var id = ""
    var hostname = ""
    var userAgent = ""
    var ready = 0
    var inFlight = 0
    var received = 0
    var finished = 0
    var requeued = 0
    /// When it connected, in seconds since 1970.
    var since = 0
    /// Messages it has published, by topic.
    var published: [String: Int] = [:]

    /// - Throws: `malformed` for what is not such a member.
    init(_ reader: inout JSONReader) throws(TransportError) {
        var client = AdminClient()
        try reader.object { reader, key throws(TransportError) in
            switch key {
            case "remote_address": client.address = try reader.string()
            case "client_id": client.id = try reader.string()
            case "hostname": client.hostname = try reader.string()
            case "user_agent": client.userAgent = try reader.string()
            case "ready_count": client.ready = try reader.integer()
            case "in_flight_count": client.inFlight = try reader.integer()
            case "message_count": client.received = try reader.integer()
            case "finish_count": client.finished = try reader.integer()
            case "requeue_count": client.requeued = try reader.integer()
            case "connect_ts": client.since = try reader.integer()
            case "pub_counts": try reader.list { reader throws(TransportError) in try client.readPublished(&reader) }
            default: try reader.skip()
            }
        }
        self = client
    }

    init() {}

    /// `{"topic":"orders","count":1}`
    private mutating func readPublished(_ reader: inout JSONReader) throws(TransportError) {
        var (topic, count) = ("", 0)
        try reader.object { reader, key throws(TransportError) in
            switch key {
            case "topic": topic = try reader.string()
            case "count": count = try reader.integer()
            default: try reader.skip()
            }
        }
        published[topic] = count
    }

    /// What it is called: most say no more than their host's name twice.
    var name: String { id == hostname || hostname.isEmpty ? id : hostname.hasPrefix(id + ".") ? hostname : "\(id)@\(hostname)" }
}
