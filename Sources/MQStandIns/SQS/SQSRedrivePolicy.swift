import MQCore

/// Where messages of a queue go that were received too often.
struct SQSRedrivePolicy {
    private(set) var target = ""
    private(set) var limit = 0

    /// The last part of its ARN.
    var targetName: String { target.split(separator: ":").last.map(String.init) ?? "" }

    /// - Returns: nil for what is no object of JSON.
    init?(_ json: String) {
        var (target, limit) = ("", 0)
        let isRead: Void? = try? JSONReader.read(Array(json.utf8)) { reader throws(TransportError) in
            try reader.object { reader, key throws(TransportError) in
                switch (key, try reader.kind()) {
                case ("deadLetterTargetArn", .string): target = try reader.string()
                case ("maxReceiveCount", .string): limit = Int(try reader.string()) ?? 0
                case ("maxReceiveCount", .number): limit = Int(try reader.number()) ?? 0
                default: try reader.skip()
                }
            }
        }
        guard isRead != nil else { return nil }
        (self.target, self.limit) = (target, limit)
    }
}
