internal import MQCore

/// What nsqlookupd answers to `/lookup` and `/nodes`: `{"producers":[{"broadcast_address":…,"tcp_port":…,"http_port":…},…]}`.
struct LookupReply: Sendable, Equatable {
    /// A node with what `/nodes` says of it beyond its ports; `/lookup` says less.
    struct Entry: Sendable, Equatable {
        var node: NSQNode
        var version = ""
        var hostname = ""
        var topics: [String] = []
        /// Those among the topics that are not to be consumed there: somebody is about to delete them.
        var tombstoned: Set<String> = []

        /// Those that consumers may have there.
        var live: [String] { topics.filter { !tombstoned.contains($0) } }

        /// Adds what another nsqlookupd says of the same nsqd.
        mutating func merge(_ other: Entry) {
            let (mine, others) = (Set(live), Set(other.live))
            for topic in other.topics where !topics.contains(topic) { topics.append(topic) }
            tombstoned = tombstoned.union(other.tombstoned).subtracting(mine.union(others))
        }
    }

    var entries: [Entry] = []
    var nodes: [NSQNode] { entries.map(\.node) }

    /// - Throws: `malformed` for what is not such a reply.
    init(parsing bytes: [UInt8]) throws(TransportError) {
        var entries: [Entry] = []
        try JSONReader.read(bytes) { reader throws(TransportError) in
            try reader.object { reader, key throws(TransportError) in
                guard key == "producers" else { return try reader.skip() }
                try reader.list { reader throws(TransportError) in entries.append(try Self.entry(&reader)) }
            }
        }
        self.entries = entries
    }

    private static func entry(_ reader: inout JSONReader) throws(TransportError) -> Entry {
        var entry = Entry(node: NSQNode(host: "", tcpPort: 0))
        // One for each topic, in the same order.
        var tombstones: [Bool] = []
        try reader.object { reader, key throws(TransportError) in
            switch key {
            case "broadcast_address": entry.node.host = try reader.string()
            case "tcp_port": entry.node.tcpPort = try reader.integer()
            case "http_port":
                let port = try reader.integer()
                entry.node.httpPort = (1...65535).contains(port) ? port : nil
            case "version": entry.version = try reader.string()
            case "hostname": entry.hostname = try reader.string()
            case "topics": try reader.list { reader throws(TransportError) in entry.topics.append(try reader.string()) }
            case "tombstones": try reader.list { reader throws(TransportError) in tombstones.append(try reader.bool()) }
            default: try reader.skip()
            }
        }
        entry.tombstoned = Set(zip(entry.topics, tombstones).filter(\.1).map(\.0))
        let node = entry.node
        // The host becomes part of a URL.
        let isHost = !node.host.isEmpty && node.host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"/?#@\\".utf8.contains($0) }
        guard isHost, (1...65535).contains(node.tcpPort) else { throw reader.failure("a producer without an address") }
        return entry
    }
}

extension JSONReader {
    /// One value that is all of `bytes`.
    static func read(_ bytes: [UInt8], _ body: (inout JSONReader) throws(TransportError) -> Void) throws(TransportError) {
        try bytes.withUnsafeBufferPointer { bytes throws(TransportError) in
            var reader = JSONReader(UnsafeRawBufferPointer(bytes))
            try body(&reader)
            try reader.end()
        }
    }

    /// An array, or `null` for an empty one, as Go writes it.
    mutating func list(_ element: (inout JSONReader) throws(TransportError) -> Void) throws(TransportError) {
        if try kind() == .null { return try null() }
        try array(element)
    }

    mutating func integer() throws(TransportError) -> Int {
        guard let value = Int(try number()) else { throw failure("expected a whole number") }
        return value
    }
}
