internal import MQCore

/// What nsqd counts for a topic or a channel; several nsqds add up.
struct AdminCounts: Sendable, Equatable {
    /// Waiting, in memory and on disk.
    var messages = 0
    var onDisk = 0
    var inFlight = 0
    var deferred = 0
    /// Since nsqd was started.
    var received = 0
    var receivedBytes = 0
    var requeued = 0
    var timedOut = 0
    var clients = 0
    /// On how many nsqds it is paused, and on how many it is.
    var paused = 0
    var daemons = 1
    /// Nanoseconds from publishing to finishing, by quantile; only where nsqd was told to measure.
    var latency: [Double: Double] = [:]
    /// A channel's consumers, where they were asked for.
    var members: [AdminClient] = []

    static func += (total: inout AdminCounts, other: AdminCounts) {
        total.messages &+= other.messages
        total.onDisk &+= other.onDisk
        total.inFlight &+= other.inFlight
        total.deferred &+= other.deferred
        total.received &+= other.received
        total.receivedBytes &+= other.receivedBytes
        total.requeued &+= other.requeued
        total.timedOut &+= other.timedOut
        total.clients &+= other.clients
        total.paused &+= other.paused
        total.daemons &+= other.daemons
        total.members += other.members
        // Percentiles do not add up; the slowest nsqd's is a bound that holds.
        total.latency.merge(other.latency) { max($0, $1) }
    }

    /// Reads one member of a topic or channel; false for one that is not among them.
    mutating func read(_ key: String, _ reader: inout JSONReader) throws(TransportError) -> Bool {
        switch key {
        case "depth": messages = try reader.integer()
        case "backend_depth": onDisk = try reader.integer()
        case "in_flight_count": inFlight = try reader.integer()
        case "deferred_count": deferred = try reader.integer()
        case "message_count": received = try reader.integer()
        case "message_bytes": receivedBytes = try reader.integer()
        case "requeue_count": requeued = try reader.integer()
        case "timeout_count": timedOut = try reader.integer()
        case "client_count": clients = try reader.integer()
        case "paused": paused = try reader.bool() ? 1 : 0
        case "e2e_processing_latency": try readLatency(&reader)
        default: return false
        }
        return true
    }

    /// `{"count":2,"percentiles":[{"quantile":0.99,"value":282849452},…]}`; with a count of 0 the values mean nothing.
    private mutating func readLatency(_ reader: inout JSONReader) throws(TransportError) {
        var count = 0
        var found: [Double: Double] = [:]
        try reader.object { reader, key throws(TransportError) in
            switch key {
            case "count": count = try reader.integer()
            case "percentiles":
                try reader.list { reader throws(TransportError) in
                    var (quantile, value) = (-1.0, 0.0)
                    try reader.object { reader, key throws(TransportError) in
                        switch key {
                        case "quantile": quantile = Double(try reader.number()) ?? -1
                        case "value": value = Double(try reader.number()) ?? 0
                        default: try reader.skip()
                        }
                    }
                    if (0...1).contains(quantile) { found[quantile] = value }
                }
            default: try reader.skip()
            }
        }
        if count > 0 { latency = found }
    }
}

extension AdminCounts {
    /// For a channel, in the order of their importance: tables show as many as fit.
    var channelFacts: [Fact] {
        [
            Fact("messages", "Messages", .number(messages)), Fact("in_flight", "In flight", .number(inFlight)),
            Fact("deferred", "Deferred", .number(deferred)), Fact("received", "Received", .counter(received)),
            Fact("requeued", "Requeued", .counter(requeued)), Fact("timed_out", "Timed out", .counter(timedOut)),
            Fact("clients", "Clients", .number(clients)), Fact("on_disk", "On disk", .number(onDisk)), pausedFact,
        ] + latencyFacts
    }

    /// For a topic, whose own messages are those that no channel has yet.
    func topicFacts(_ channels: [AdminCounts]) -> [Fact] {
        [
            Fact("messages", "Messages", .number(messages)), Fact("on_disk", "On disk", .number(onDisk)),
            Fact("received", "Received", .counter(received)),
            Fact("channel_messages", "In channels", .number(channels.reduce(0) { $0 &+ $1.messages })),
            Fact("channels", "Channels", .number(channels.count)), Fact("received_bytes", "Bytes received", .counter(receivedBytes)),
            pausedFact,
        ] + latencyFacts
    }

    private var pausedFact: Fact {
        // With several nsqds it may be both.
        let value = paused == 0 || paused == daemons ? Fact.Value.flag(paused > 0) : .text("on \(paused) of \(daemons) nsqds")
        return Fact("paused", "Paused", value)
    }

    private var latencyFacts: [Fact] {
        latency.sorted { $0.key < $1.key }.map { quantile, nanoseconds in
            let percent = Quantity.decimal(quantile * 100, digits: 3).split(separator: ".")
            let fraction = percent[1].reversed().drop { $0 == "0" }.reversed()
            let text = percent[0] + (fraction.isEmpty ? "" : "." + String(fraction))
            let microseconds = Int(exactly: (min(nanoseconds, 9e18) / 1000).rounded()) ?? 0
            return Fact("e2e_p\(text)_us".split(separator: ".").joined(separator: "_"), "\(text) % within (us)", .number(microseconds))
        }
    }
}
