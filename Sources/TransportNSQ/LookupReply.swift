internal import MQCore

/// What nsqlookupd answers to `/lookup` and `/nodes`: `{"producers":[{"broadcast_address":…,"tcp_port":…,"http_port":…},…]}`.
struct LookupReply: Sendable, Equatable {
    var nodes: [NSQNode] = []

    /// - Throws: `malformed` for what is not such a reply.
    init(parsing bytes: [UInt8]) throws(TransportError) {
        var nodes: [NSQNode] = []
        try JSONReader.read(bytes) { reader throws(TransportError) in
            try reader.object { reader, key throws(TransportError) in
                guard key == "producers" else { return try reader.skip() }
                try reader.list { reader throws(TransportError) in nodes.append(try Self.node(&reader)) }
            }
        }
        self.nodes = nodes
    }

    private static func node(_ reader: inout JSONReader) throws(TransportError) -> NSQNode {
        var node = NSQNode(host: "", tcpPort: 0)
        try reader.object { reader, key throws(TransportError) in
            switch key {
            case "broadcast_address": node.host = try reader.string()
            case "tcp_port": node.tcpPort = try reader.integer()
            case "http_port":
                let port = try reader.integer()
                node.httpPort = (1...65535).contains(port) ? port : nil
            default: try reader.skip()
            }
        }
        // The host becomes part of a URL.
        let isHost = !node.host.isEmpty && node.host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"/?#@\\".utf8.contains($0) }
        guard isHost, (1...65535).contains(node.tcpPort) else { throw reader.failure("a producer without an address") }
        return node
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
