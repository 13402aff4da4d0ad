internal import MQCore

/// What `/stats?format=json` says.
enum AdminStatistics {
    /// - Throws: `malformed` for what is not such a reply.
    static func parse(_ bytes: [UInt8]) throws(TransportError) -> [AdminTopic] { try report(bytes).topics }

    /// - Throws: as `parse`.
    static func report(_ bytes: [UInt8]) throws(TransportError) -> AdminReport {
        var report = AdminReport()
        var isStatistics = false
        try JSONReader.read(bytes) { reader throws(TransportError) in
            try reader.object { reader, key throws(TransportError) in
                switch key {
                case "version": report.version = try reader.string()
                case "health": report.health = try reader.string()
                case "start_time": report.startTime = try reader.integer()
                case "topics":
                    isStatistics = true
                    try reader.list { reader throws(TransportError) in report.topics.append(try topic(&reader)) }
                case "producers": try reader.list { reader throws(TransportError) in report.publishers.append(try AdminClient(&reader)) }
                default: try reader.skip()
                }
            }
            if !isStatistics { throw reader.failure("no statistics") }
        }
        return report
    }

    private static func topic(_ reader: inout JSONReader) throws(TransportError) -> AdminTopic {
        var topic = AdminTopic(name: "")
        try reader.object { reader, key throws(TransportError) in
            switch key {
            case "topic_name": topic.name = try reader.string()
            case "channels": try reader.list { reader throws(TransportError) in topic.channels.append(try channel(&reader)) }
            default: if try !topic.counts.read(key, &reader) { try reader.skip() }
            }
        }
        return topic
    }

    private static func channel(_ reader: inout JSONReader) throws(TransportError) -> (name: String, counts: AdminCounts) {
        var (name, counts) = ("", AdminCounts())
        try reader.object { reader, key throws(TransportError) in
            if key == "channel_name" {
                name = try reader.string()
            } else if key == "clients" {
                try reader.list { reader throws(TransportError) in counts.members.append(try AdminClient(&reader)) }
            } else if try !counts.read(key, &reader) {
                try reader.skip()
            }
        }
        return (name, counts)
    }

    /// The sums over several nsqds, in the order of the names.
    static func merged(_ lists: [[AdminTopic]]) -> [AdminTopic] {
        var topics: [String: AdminTopic] = [:]
        for topic in lists.joined() {
            if topics[topic.name] == nil {
                topics[topic.name] = topic
                topics[topic.name]?.channels.sort { $0.name < $1.name }
            } else {
                topics[topic.name]?.add(topic)
            }
        }
        return topics.values.sorted { $0.name < $1.name }
    }
}
