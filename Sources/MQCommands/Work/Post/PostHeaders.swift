import MQCore

/// The headers of a request: what is said of a message, as far as HTTP can carry it.
struct PostHeaders {
    /// A longer value would make many servers refuse the whole request.
    static let valueLimit = 8192
    /// For all that comes from attributes, names included.
    static let totalLimit = 32768

    let contract: PostContract
    /// The address, or with `eb` the name of the queue alone.
    let queue: String
    /// Those of `--header`, which count more than what is made here.
    let given: [(name: String, value: String)]
    /// `nil` looks at each body.
    let contentType: String?

    /// - Parameter dropped: is called with the reason for each attribute that is left out.
    func list(_ properties: MessageProperties, _ body: UnsafeRawBufferPointer, now: Int64, dropped: (String) -> Void) -> [(
        name: String, value: String
    )] {
        var list = given
        list.reserveCapacity(given.count + 8 + properties.attributes.count)
        func add(_ name: String, _ value: String?) {
            guard let value, !Self.names(given, name) else { return }
            list.append((name, value))
        }
        add("Content-Type", contentType ?? Self.contentType(of: body, contract))
        // Frameworks know the daemon by this name.
        add("User-Agent", contract == .eb ? "aws-sqsd/2.0 mq/\(Build.version)" : "mq/\(Build.version)")
        // Ids come from outside, too.
        let id = properties.id.flatMap { Self.fault(ofValue: $0.utf8) == nil ? $0 : nil }
        switch contract {
        case .mq:
            add("Mq-Id", id)
            add("Mq-Queue", properties.queue ?? queue)
            add("Mq-Attempt", "\(properties.attempts ?? 1)")
            add("Mq-Timestamp", properties.timestamp.map(Timestamp.text))
        case .eb:
            add("X-Aws-Sqsd-Msgid", id)
            add("X-Aws-Sqsd-Queue", properties.queue ?? queue)
            let first = properties.firstReceived ?? (properties.attempts ?? 1 <= 1 ? now : nil)
            add("X-Aws-Sqsd-First-Received-At", first.map { Self.wholeSeconds(Timestamp.text($0)) })
            add("X-Aws-Sqsd-Receive-Count", "\(properties.attempts ?? 1)")
        }
        addAttributes(of: properties, to: &list, dropped)
        return list
    }

    private func addAttributes(
        of properties: MessageProperties, to list: inout [(name: String, value: String)], _ dropped: (String) -> Void
    ) {
        let prefix = contract == .eb ? "X-Aws-Sqsd-Attr-" : "Mq-Attr-"
        var size = 0
        for attribute in properties.attributes {
            // aws-sqsd passes on text and numbers only.
            if contract == .eb && attribute.type.hasPrefix("Binary") { continue }
            if let fault = Self.fault(of: attribute) {
                dropped("attribute \(attribute.name.printable) is left out of the headers: \(fault)")
                continue
            }
            let name = prefix + attribute.name
            size += name.utf8.count + attribute.value.count
            if size > Self.totalLimit {
                dropped("attribute \(attribute.name.printable) is left out of the headers: they are over \(Self.totalLimit) bytes together")
                continue
            }
            if !Self.names(given, name) { list.append((name, String(decoding: attribute.value, as: UTF8.self))) }
        }
    }

    // MARK: - What HTTP can carry

    private static func fault(of attribute: Attribute) -> String? {
        if !isName(attribute.name) { return "its name cannot be part of a header's" }
        if attribute.value.count > valueLimit { return "its value is over \(valueLimit) bytes" }
        if let fault = fault(ofValue: attribute.value) { return "its value \(fault)" }
        return attribute.value.withUnsafeBytes { JSONReader.isUTF8($0) } ? nil : "its value is not text"
    }

    /// A token (RFC 9110, section 5.6.2).
    static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || "!#$%&'*+-.^_`|~".utf8.contains($0)
            }
    }

    /// What a header's value must not hold: an end of line would begin another header.
    static func fault(ofValue bytes: some Sequence<UInt8>) -> String? {
        for byte in bytes where byte < 0x20 && byte != 0x09 || byte == 0x7f {
            return byte == 0 ? "holds a NUL" : byte == 0x0d || byte == 0x0a ? "holds an end of line" : "holds a control character"
        }
        return nil
    }

    private static func names(_ list: [(name: String, value: String)], _ name: String) -> Bool {
        list.contains { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name.lowercased() }
    }

    /// What stands in a request by itself, and what only the connection may say.
    private static let reserved = ["host", "content-length", "transfer-encoding", "connection", "expect", "te", "trailer", "upgrade"]

    /// `--header 'K: V'`.
    /// - Throws: `usage` for what is not a header, or one that is not the user's to set.
    static func parse(_ text: String, flag: String = "--header") throws(TransportError) -> (name: String, value: String) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw TransportError(.usage, "\(flag) '\(text)' has no colon", hint: "--header 'Authorization: Bearer TOKEN'")
        }
        let name = String(text[..<colon])
        guard isName(name) else { throw TransportError(.usage, "\(flag) '\(text)': '\(name)' is not the name of a header") }
        if reserved.contains(name.lowercased()) { throw TransportError(.usage, "\(flag) \(name): mq sets that one itself") }
        var value = text[text.utf8.index(after: colon)...]
        while let first = value.first, first == " " || first == "\t" { value.removeFirst() }
        while let last = value.last, last == " " || last == "\t" { value.removeLast() }
        if let fault = fault(ofValue: value.utf8) { throw TransportError(.usage, "\(flag) \(name): the value \(fault)") }
        return (name, String(value))
    }

    // MARK: - Words

    static func contentType(of body: UnsafeRawBufferPointer, _ contract: PostContract) -> String {
        contract == .eb || isJSON(body) ? "application/json" : "application/octet-stream"
    }

    private static func isJSON(_ body: UnsafeRawBufferPointer) -> Bool {
        var reader = JSONReader(body)
        do throws(TransportError) {
            try reader.skip()
            try reader.end()
            return true
        } catch {
            return false
        }
    }

    /// `2026-01-02T03:04:05.678901234Z` without its fraction.
    private static func wholeSeconds(_ text: String) -> String { text.prefix { $0 != "." } + "Z" }
}
