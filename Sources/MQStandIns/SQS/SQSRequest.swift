import MQCore

/// The parameters of any operation, as far as the stand-in knows them.
struct SQSRequest {
    struct Entry {
        var id = ""
        var body: [UInt8] = []
        var hasBody = false
        var delay: Int?
        var group: String?
        var dedup: String?
        var receipt = ""
        var visibility: Int?
        var attributes: [SQSAttribute] = []
        /// What `AWSTraceHeader` holds.
        var trace: [UInt8]?
        /// Of the query protocol: attributes by their number.
        var listed: [Int: SQSAttribute] = [:]
        var system: [Int: SQSAttribute] = [:]
    }

    var queueURL = ""
    var queueName = ""
    var prefix = ""
    var maximum: Int?
    var nextToken = ""
    var tags: [String: String] = [:]
    var tagKeys: [String] = []
    var (sourceARN, destinationARN, taskHandle) = ("", "", "")
    /// The host that the client asked.
    var host: String?
    /// Of the query protocol: entries, and pairs of names and values, by their number.
    var numbered: [Int: Entry] = [:]
    var pairs: [String: [Int: (String, String)]] = [:]
    var limit = 1
    var wait: Int?
    var attributes: [String: String] = [:]
    var systemAttributeNames: [String] = []
    var attributeNames: [String] = []
    /// What stands outside of `Entries`.
    var single = Entry()
    var entries: [Entry] = []

    init(_ bytes: UnsafeRawBufferPointer) throws {
        // Of an operation without a required member.
        if bytes.isEmpty { return }
        var reader = JSONReader(bytes)
        var request = self
        try Self.members(&reader) { (reader, key) throws(TransportError) in try request.read(key, &reader) }
        try reader.end()
        self = request
    }

    init() {}

    /// Of an object, but those that are null: they are as good as absent.
    private static func members(
        _ reader: inout JSONReader, _ member: (inout JSONReader, String) throws(TransportError) -> Void
    ) throws(TransportError) {
        try reader.object { (reader, key) throws(TransportError) in
            if try reader.kind() == .null { try reader.null() } else { try member(&reader, key) }
        }
    }

    private mutating func read(_ key: String, _ reader: inout JSONReader) throws(TransportError) {
        switch key {
        case "QueueUrl": queueURL = try reader.string()
        case "QueueName": queueName = try reader.string()
        case "QueueNamePrefix": prefix = try reader.string()
        case "MaxNumberOfMessages": limit = try Self.integer(&reader)
        case "WaitTimeSeconds": wait = try Self.integer(&reader)
        case "Attributes": attributes = try Self.words(&reader)
        case "Tags", "tags": tags = try Self.words(&reader)
        case "TagKeys": tagKeys = try Self.texts(&reader)
        case "MaxResults": maximum = try Self.integer(&reader)
        case "NextToken": nextToken = try reader.string()
        case "SourceArn": sourceARN = try reader.string()
        case "DestinationArn": destinationARN = try reader.string()
        case "TaskHandle": taskHandle = try reader.string()
        case "AttributeNames", "MessageSystemAttributeNames": systemAttributeNames += try Self.texts(&reader)
        case "MessageAttributeNames": attributeNames = try Self.texts(&reader)
        case "Entries":
            var all: [Entry] = []
            try reader.array { (reader) throws(TransportError) in
                var entry = Entry()
                try Self.members(&reader) { (reader, key) throws(TransportError) in try Self.read(key, &reader, into: &entry) }
                all.append(entry)
            }
            entries = all
        default: try Self.read(key, &reader, into: &single)
        }
    }

    private static func words(_ reader: inout JSONReader) throws(TransportError) -> [String: String] {
        var all: [String: String] = [:]
        try reader.object { (reader, name) throws(TransportError) in all[name] = try reader.string() }
        return all
    }

    private static func read(_ key: String, _ reader: inout JSONReader, into entry: inout Entry) throws(TransportError) {
        switch key {
        case "Id": entry.id = try reader.string()
        case "MessageBody":
            entry.hasBody = true
            try reader.string(into: &entry.body)
        case "DelaySeconds": entry.delay = try integer(&reader)
        case "MessageGroupId": entry.group = try reader.string()
        case "MessageDeduplicationId": entry.dedup = try reader.string()
        case "ReceiptHandle": entry.receipt = try reader.string()
        case "VisibilityTimeout": entry.visibility = try integer(&reader)
        case "MessageSystemAttributes":
            try reader.object { (reader, name) throws(TransportError) in
                let attribute = try attribute(name, &reader)
                if name == "AWSTraceHeader" { entry.trace = attribute.value }
            }
        case "MessageAttributes":
            var all: [SQSAttribute] = []
            try reader.object { (reader, name) throws(TransportError) in all.append(try attribute(name, &reader)) }
            entry.attributes = all
        default: try reader.skip()
        }
    }

    private static func attribute(_ name: String, _ reader: inout JSONReader) throws(TransportError) -> SQSAttribute {
        var result = SQSAttribute(name: name, type: "", value: [], isBinary: false)
        try members(&reader) { (reader, key) throws(TransportError) in
            switch key {
            case "DataType": result.type = try reader.string()
            case "StringValue": result.value = Array(try reader.string().utf8)
            case "BinaryValue":
                let text = try reader.string()
                guard let value = Base64.decode(text.utf8) else { throw reader.failure("no base64") }
                (result.value, result.isBinary) = (value, true)
            default: try reader.skip()
            }
        }
        return result
    }

    private static func integer(_ reader: inout JSONReader) throws(TransportError) -> Int {
        let text = try reader.number()
        guard let number = Int(text) else { throw reader.failure("no integer") }
        return number
    }

    private static func texts(_ reader: inout JSONReader) throws(TransportError) -> [String] {
        var all: [String] = []
        try reader.array { (reader) throws(TransportError) in all.append(try reader.string()) }
        return all
    }
}

extension SQSRequest {
    static func decode(_ bytes: UnsafeRawBufferPointer) -> SQSRequest? { try? SQSRequest(bytes) }
}
