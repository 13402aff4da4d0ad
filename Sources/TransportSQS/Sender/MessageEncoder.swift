internal import MQCore
internal import MQNet

/// Turns messages of a batch into entries of a request, and finds those that SQS would not take.
struct MessageEncoder {
    let crypto: Crypto
    let isFIFO: Bool
    let defaults: MessageProperties
    /// Every body goes in base64.
    let usesBase64: Bool
    /// The identity of a message is made from its content.
    let deduplicatesByContent: Bool
    /// A request to a FIFO queue holds one message of a group, so that none goes ahead of an earlier one that fails.
    let ordersStrictly: Bool
    /// What makes the identities of this run different from every other's.
    private let run: String
    private let hasDefaults: Bool

    /// SendMessage in the SQS API reference.
    private static let maximumAttributes = 10
    private static let maximumDelay = Duration.seconds(900)
    private static let maximumIdentity = 128
    /// Strict order over everything is what a stream of lines means.
    static let standardGroup = "mq"

    /// - Throws: `usage` for properties of all messages that no message can have, `configuration` without libcrypto.
    init(_ settings: Settings, defaults: MessageProperties, notices: Notices = .none) throws(TransportError) {
        crypto = try Crypto.shared()
        isFIFO = settings.target.isFIFO
        self.defaults = defaults
        hasDefaults = defaults != MessageProperties()
        usesBase64 = settings.options.flag("base64") ?? false
        deduplicatesByContent = settings.options.text("dedup") == "content"
        ordersStrictly = settings.options.text("order") != "batched"
        run = "\(String(UInt64.random(in: 0...UInt64.max), radix: 36))-"
        if let complaint = complaint(about: defaults, extra: usesBase64 ? 1 : 0) {
            throw TransportError(.usage, complaint.message, hint: complaint.hint)
        }
        if let delay = defaults.delay, delay > .zero, delay != .seconds(Self.seconds(delay)) {
            notices.warn("SQS delays by whole seconds: \(Quantity.words(delay)) becomes \(Quantity.words(.seconds(Self.seconds(delay))))")
        }
    }

    /// Whole seconds, and rather later than sooner.
    private static func seconds(_ delay: Duration) -> Int { Int((delay.nanoseconds + 999_999_999) / 1_000_000_000) }

    func properties(of index: Int, in batch: borrowing Batch) -> MessageProperties {
        guard batch.hasProperties else { return defaults }
        let own = batch.properties(of: index)
        return hasDefaults ? own.filled(from: defaults) : own
    }

    /// Whether this body goes in base64: always, or where a message with properties (JSON input) holds what no text may.
    private func encodes(_ body: UnsafeRawBufferPointer, hasProperties: Bool) -> Bool {
        usesBase64 || (hasProperties && MessageText.firstRefused(in: body) != nil)
    }

    // MARK: - What cannot go

    /// Why message `index` can never be sent; `nil` when it can.
    /// - Parameter limit: asked for only when the message is not small.
    func complaint(about index: Int, in batch: borrowing Batch, limit: () -> Int) -> TransportError? {
        let body = batch.bytes(of: index)
        if body.isEmpty { return Self.unsendable("sqs cannot carry an empty message", remedy: .skipEmpty) }
        let inBase64 = encodes(body, hasProperties: batch.hasProperties)
        if !inBase64, let (offset, what) = MessageText.firstRefused(in: body) {
            return Self.unsendable(
                "SQS cannot carry \(what), at offset \(offset)", remedy: .option("base64", "sends any bytes, and mq recv undoes it"))
        }
        var beside = 0
        if batch.hasProperties || hasDefaults || inBase64 {
            let properties = properties(of: index, in: batch)
            if let complaint = complaint(about: properties, extra: inBase64 ? 1 : 0) { return complaint }
            beside = MessageText.size(of: properties.attributes) + (inBase64 ? MessageText.size(of: [MessageText.marker]) : 0)
        }
        // No queue's limit is below 1024.
        guard beside + (inBase64 ? (body.count + 2) / 3 * 4 : body.count) > 1024 else { return nil }
        let room = limit() - beside
        let largest = max(0, inBase64 ? room / 4 * 3 : room)
        guard body.count > largest else { return nil }
        let why = inBase64 ? " in base64" : beside > 0 ? " beside its attributes" : ""
        return .tooLarge(body.count, limit: largest, why: why)
    }

    private func complaint(about properties: MessageProperties, extra: Int) -> TransportError? {
        let attributes = properties.attributes
        if attributes.count + extra > Self.maximumAttributes {
            return Self.unsendable("\(attributes.count + extra) attributes are more than the \(Self.maximumAttributes) that SQS carries")
        }
        for attribute in attributes {
            if let complaint = MessageText.complaint(about: attribute) { return complaint }
            if attributes.filter({ $0.name == attribute.name }).count > 1 {
                return Self.unsendable("attribute '\(attribute.name)' is given twice")
            }
        }
        if let delay = properties.delay, delay > .zero {
            if isFIFO {
                return Self.unsendable(
                    "a FIFO queue cannot delay a single message",
                    hint: "attr=DelaySeconds=10, when the queue is created, delays all of them")
            }
            if delay > Self.maximumDelay { return Self.unsendable("a delay of \(Quantity.words(delay)) is above SQS's longest, 15m") }
        }
        for (word, text) in [("group", properties.group), ("dedup", properties.dedup)] {
            if let text, !(1...Self.maximumIdentity).contains(text.utf8.count) {
                return Self.unsendable("\(word) has \(text.utf8.count) bytes, SQS allows 1 to \(Self.maximumIdentity)")
            }
        }
        return nil
    }

    private static func unsendable(_ message: String, hint: String? = nil, remedy: Remedy? = nil) -> TransportError {
        TransportError(.unsendable, message, hint: hint, remedy: remedy)
    }

    // MARK: - Writing

    /// The group that a message is in; `nil` where it is in none.
    func group(of index: Int, in batch: borrowing Batch) -> String? {
        let group = batch.hasProperties || hasDefaults ? properties(of: index, in: batch).group : nil
        return group ?? (isFIFO ? Self.standardGroup : nil)
    }

    /// The size of a message as the limit of a batch counts it.
    func size(of index: Int, in batch: borrowing Batch) -> Int {
        let body = batch.bytes(of: index)
        guard batch.hasProperties || hasDefaults || usesBase64 else { return body.count }
        let inBase64 = encodes(body, hasProperties: batch.hasProperties)
        let attributes = properties(of: index, in: batch).attributes + (inBase64 ? [MessageText.marker] : [])
        return (inBase64 ? (body.count + 2) / 3 * 4 : body.count) + MessageText.size(of: attributes)
    }

    /// Appends the JSON of one entry to `json`.
    func append(_ index: Int, of batch: borrowing Batch, position: Int, size: Int, to json: inout JSONText) -> SendRequest.Entry {
        let body = batch.bytes(of: index)
        json.open("{")
        // `open` writes the comma before it, where one belongs.
        let start = json.bytes.count - 1
        json.key("Id")
        json.value(number: "\"\(position)\"")
        json.key("MessageBody")
        let inBase64 = encodes(body, hasProperties: batch.hasProperties)
        var entry = SendRequest.Entry(position: position, json: start..<start, size: size, digest: MD5())
        if inBase64 {
            var text: [UInt8] = []
            Base64.encode(body, into: &text)
            text.withUnsafeBytes {
                json.value(utf8: $0)
                entry.digest = crypto.md5($0)
            }
        } else {
            json.value(utf8: body)
            entry.digest = crypto.md5(body)
        }
        if batch.hasProperties || hasDefaults || inBase64 || isFIFO {
            var properties = properties(of: index, in: batch)
            if inBase64 { properties.attributes.append(MessageText.marker) }
            write(properties, position, body, &entry, &json)
        }
        json.close("}")
        entry.json = start..<json.bytes.count
        return entry
    }

    /// What tells a FIFO queue a message from its double: its number in this run, or what SQS itself would take of its content, which
    /// serves queues that are not set to do so.
    private func identity(_ position: Int, _ body: UnsafeRawBufferPointer) -> String {
        deduplicatesByContent ? Hex.text(crypto.sha256(Array(body))) : "\(run)\(position)"
    }

    private func write(
        _ properties: MessageProperties, _ position: Int, _ body: UnsafeRawBufferPointer, _ entry: inout SendRequest.Entry,
        _ json: inout JSONText
    ) {
        if !properties.attributes.isEmpty {
            entry.attributeDigest = MessageText.digest(of: properties.attributes, crypto)
            json.key("MessageAttributes")
            json.open("{")
            for attribute in properties.attributes { Self.write(attribute, &json) }
            json.close("}")
        }
        if let delay = properties.delay, !isFIFO {
            json.member("DelaySeconds", Self.seconds(delay))
        }
        entry.group = properties.group ?? (isFIFO ? Self.standardGroup : nil)
        if let group = entry.group {
            json.member("MessageGroupId", group)
        }
        if isFIFO && properties.dedup != nil { entry.origin = properties.id }
        if let identity = properties.dedup ?? (isFIFO ? identity(position, body) : nil), isFIFO {
            json.member("MessageDeduplicationId", identity)
        }
    }

    private static func write(_ attribute: Attribute, _ json: inout JSONText) {
        json.key(attribute.name)
        json.open("{")
        json.member("DataType", attribute.type)
        attribute.value.withUnsafeBytes { value in
            if MessageText.isBinary(attribute) {
                json.key("BinaryValue")
                json.value(base64: value)
            } else {
                json.key("StringValue")
                json.value(utf8: value)
            }
        }
        json.close("}")
    }
}
