/// One message as one JSON object on a line: `body`, or `body64` when the bytes are not UTF-8, and beside it what the
/// transport carries. What `encode` writes, `decode` reads back without loss.
public enum Envelope {
    /// The keys, in the order in which they are written.
    public static let keys = [
        "body", "body64", "id", "ts", "attempts", "priority", "type", "frames", "attributes", "group", "dedup", "delay",
        "queue",
    ]

    /// Appends one object, without a newline.
    public static func encode(_ body: UnsafeRawBufferPointer, _ properties: MessageProperties, into json: inout JSONText) {
        json.open("{")
        write("body", body, into: &json)
        encodeMembers(properties, into: &json)
        json.close("}")
    }

    /// Appends what the transport carries beside the body, to an object that is open.
    public static func encodeMembers(_ properties: MessageProperties, into json: inout JSONText) {
        if let id = properties.id { json.member("id", id) }
        if let timestamp = properties.timestamp { json.member("ts", Timestamp.text(timestamp)) }
        for (key, number) in [
            ("attempts", properties.attempts), ("priority", properties.priority), ("type", properties.type),
        ] {
            if let number { json.member(key, number) }
        }
        if let frames = properties.frames {
            json.key("frames")
            json.open("[")
            for length in frames { json.value(length) }
            json.close("]")
        }
        if !properties.attributes.isEmpty { encode(properties.attributes, into: &json) }
        if let group = properties.group { json.member("group", group) }
        if let dedup = properties.dedup { json.member("dedup", dedup) }
        if let delay = properties.delay {
            json.key("delay")
            json.value(number: seconds(delay))
        }
        if let queue = properties.queue { json.member("queue", queue) }
    }

    /// Whole seconds, or nine digits behind the point: a `Double` would lose the last of them.
    private static func seconds(_ duration: Duration) -> String {
        let (whole, rest) = duration.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return rest == 0 ? "\(whole)" : "\(whole)." + String(rest).zeroPadded(to: 9)
    }

    /// The inverse, for any number that JSON can write and a queue could mean.
    private static func duration(_ number: String) -> Duration? {
        let parts = number.split(separator: ".")
        let isPlain = parts.count == 2 && number.utf8.first != UInt8(ascii: "-") && parts[1].utf8.count <= 9
        if isPlain, let whole = Int64(parts[0]), let rest = Int64(parts[1]), whole >= 0, whole < 1_000_000_000 {
            let scale = (parts[1].utf8.count..<9).reduce(Int64(1)) { scale, _ in scale * 10 }
            return .seconds(whole) + .nanoseconds(rest * scale)
        }
        guard let seconds = Double(number), seconds >= 0, seconds < 1e9 else { return nil }
        return .nanoseconds(Int64((seconds * 1e9).rounded()))
    }

    private static func write(_ key: String, _ bytes: UnsafeRawBufferPointer, into json: inout JSONText) {
        if JSONReader.isUTF8(bytes) {
            json.key(key)
            json.value(utf8: bytes)
        } else {
            json.key(key + "64")
            json.value(base64: bytes)
        }
    }

    private static func encode(_ attributes: [Attribute], into json: inout JSONText) {
        json.key("attributes")
        json.open("{")
        for attribute in attributes {
            json.key(attribute.name)
            attribute.value.withUnsafeBytes { value in
                if attribute.type == "String" && JSONReader.isUTF8(value) {
                    json.value(utf8: value)
                } else {
                    json.open("{")
                    json.member("type", attribute.type)
                    write("value", value, into: &json)
                    json.close("}")
                }
            }
        }
        json.close("}")
    }

    /// Reads one object. Keys that a sender cannot set (`id`, `ts`, `attempts`, `queue`) and unknown keys are read and dropped.
    ///
    /// - Parameter unknown: called with each unknown key.
    /// - Throws: `malformed`: no JSON object, no body, a key twice, or a member that is not what it should be.
    public static func decode(
        _ line: UnsafeRawBufferPointer, body: inout [UInt8], unknown: (String) -> Void = { _ in }
    ) throws(TransportError) -> MessageProperties {
        var reader = JSONReader(line)
        do throws(TransportError) {
            return try decode(&reader, &body, unknown)
        } catch {
            if line.starts(with: [0xef, 0xbb, 0xbf]) {
                throw TransportError(.malformed, "a byte-order mark stands before the JSON", hint: "tail -c +4 leaves it out")
            }
            guard reader.endsEarly else { throw error }
            throw TransportError(
                .malformed, "the line ends within its JSON, and a JSON record is one line", hint: "jq -c . puts each on one line")
        }
    }

    private static func decode(
        _ reader: inout JSONReader, _ body: inout [UInt8], _ unknown: (String) -> Void
    ) throws(TransportError) -> MessageProperties {
        var properties = MessageProperties()
        var bodies = 0
        body.removeAll(keepingCapacity: true)
        guard try reader.kind() == .object else { throw TransportError(.malformed, "a JSON record is an object with a body") }
        // The closure cannot capture an inout array under typed throws and exclusivity both, so the body goes through a local.
        var bytes: [UInt8] = []
        swap(&bytes, &body)
        defer { swap(&bytes, &body) }
        try reader.object { reader, key throws(TransportError) in
            switch key {
            case "body":
                bodies += 1
                try reader.string(into: &bytes)
            case "body64":
                bodies += 1
                bytes = try base64(&reader, key)
            default: try member(key, &reader, &properties, unknown)
            }
        }
        try reader.end()
        guard bodies == 1 else {
            throw TransportError(.malformed, bodies == 0 ? "a JSON record needs \"body\" or \"body64\"" : "a JSON record has one body only")
        }
        if let frames = properties.frames {
            var sum = 0
            for length in frames {
                let (next, overflow) = sum.addingReportingOverflow(length)
                sum = overflow ? .max : next
            }
            guard sum == bytes.count else {
                throw TransportError(.malformed, "\"frames\" adds up to \(sum) bytes, the body has \(bytes.count)")
            }
        }
        return properties
    }

    private static func member(
        _ key: String, _ reader: inout JSONReader, _ properties: inout MessageProperties, _ unknown: (String) -> Void
    ) throws(TransportError) {
        if try reader.kind() == .null { return try reader.null() }
        switch key {
        case "priority":
            try requireOnce(properties.priority == nil, key)
            properties.priority = try integer(&reader, key, 0...Int(Int32.max))
        case "type":
            try requireOnce(properties.type == nil, key)
            properties.type = try integer(&reader, key, 1...Int.max)
        case "group":
            try requireOnce(properties.group == nil, key)
            properties.group = try text(&reader, key)
        case "dedup":
            try requireOnce(properties.dedup == nil, key)
            properties.dedup = try text(&reader, key)
        case "frames":
            try requireOnce(properties.frames == nil, key)
            var frames: [Int] = []
            guard try reader.kind() == .array else { throw wrong(key, "a list of lengths") }
            try reader.array { reader throws(TransportError) in frames.append(try integer(&reader, key, 0...Int.max)) }
            guard !frames.isEmpty else { throw wrong(key, "a list of at least one length") }
            properties.frames = frames
        case "delay":
            try requireOnce(properties.delay == nil, key)
            guard try reader.kind() == .number, let delay = duration(try reader.number()) else { throw wrong(key, "a number of seconds") }
            properties.delay = delay
        case "attributes":
            try requireOnce(properties.attributes.isEmpty, key)
            properties.attributes = try attributes(&reader)
        case "id", "ts", "attempts", "queue": try reader.skip()
        default:
            unknown(key)
            try reader.skip()
        }
    }

    /// Of two values one would be lost, and readers of JSON do not agree on which.
    private static func requireOnce(_ isFirst: Bool, _ key: String) throws(TransportError) {
        if !isFirst { throw TransportError(.malformed, "the JSON record has \"\(key.printable)\" twice") }
    }

    private static func attributes(_ reader: inout JSONReader) throws(TransportError) -> [Attribute] {
        var result: [Attribute] = []
        var names: Set<String> = []
        guard try reader.kind() == .object else { throw wrong("attributes", "an object") }
        try reader.object { reader, name throws(TransportError) in
            try requireOnce(names.insert(name).inserted, name)
            var attribute = Attribute(name: name, value: [])
            switch try reader.kind() {
            case .string: try reader.string(into: &attribute.value)
            case .number:
                attribute.type = "Number"
                attribute.value = Array(try reader.number().utf8)
            case .object:
                var values = 0
                try reader.object { reader, key throws(TransportError) in
                    switch key {
                    case "type": attribute.type = try text(&reader, "type")
                    case "value":
                        values += 1
                        try reader.string(into: &attribute.value)
                    case "value64":
                        values += 1
                        attribute.value = try base64(&reader, key)
                    default: try reader.skip()
                    }
                }
                guard values == 1 else { throw wrong("attributes", "one value for each name") }
            default: throw wrong("attributes", "a string, a number or an object for each name")
            }
            result.append(attribute)
        }
        return result
    }

    private static func wrong(_ key: String, _ what: String) -> TransportError {
        TransportError(.malformed, "\"\(key)\" must be \(what)")
    }

    private static func text(_ reader: inout JSONReader, _ key: String) throws(TransportError) -> String {
        guard try reader.kind() == .string else { throw wrong(key, "a string") }
        return try reader.string()
    }

    private static func integer(_ reader: inout JSONReader, _ key: String, _ range: ClosedRange<Int>) throws(TransportError) -> Int {
        guard try reader.kind() == .number, let value = Int(try reader.number()), range.contains(value) else {
            throw wrong(key, "a whole number of at least \(range.lowerBound)")
        }
        return value
    }

    private static func base64(_ reader: inout JSONReader, _ key: String) throws(TransportError) -> [UInt8] {
        guard try reader.kind() == .string else { throw wrong(key, "a string") }
        var text: [UInt8] = []
        try reader.string(into: &text)
        guard let bytes = Base64.decode(text) else { throw wrong(key, "base64") }
        return bytes
    }
}
