internal import MQCore

/// What an address names: a queue by its name, its ARN or its URL.
enum QueueTarget: Sendable, Equatable {
    /// Empty when `list` names none; a prefix then.
    case name(String)
    case arn(region: String, account: String, name: String)
    case url(String, origin: ServiceOrigin, region: String?, account: String?, name: String)

    /// - Throws: `usage` for what can never be a queue.
    init(_ address: Address) throws(TransportError) {
        switch address.scheme {
        case "https", "http": self = try Self.url("\(address.scheme):\(address.target)")
        case "arn": self = try Self.arn("arn:\(address.target)")
        default:
            let text = address.target
            if text.hasPrefix("arn:") {
                self = try Self.arn(text)
            } else if text.hasPrefix("https://") || text.hasPrefix("http://") {
                self = try Self.url(text)
            } else {
                try Self.check(name: text)
                self = .name(text)
            }
        }
    }

    /// `arn:aws:sqs:eu-west-1:123456789012:orders`
    private static func arn(_ text: String) throws(TransportError) -> QueueTarget {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[2] == "sqs", !parts[3].isEmpty, isAccount(parts[4]), !parts[5].isEmpty else {
            throw TransportError(.usage, "'\(text)' is not the ARN of a queue", hint: "arn:aws:sqs:REGION:ACCOUNT:NAME")
        }
        try check(name: parts[5])
        return .arn(region: parts[3], account: parts[4], name: parts[5])
    }

    /// `https://sqs.eu-west-1.amazonaws.com/123456789012/orders`; emulators have other paths, with the name at the end.
    private static func url(_ text: String) throws(TransportError) -> QueueTarget {
        guard let origin = ServiceOrigin(text) else { throw TransportError(.usage, "'\(text)' is not the URL of a queue") }
        let parts = origin.path.split(separator: "/").map(String.init)
        guard let name = parts.last, !origin.path.contains("?"), !origin.path.contains("#") else {
            throw TransportError(.usage, "'\(text)' names no queue", hint: "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")
        }
        try check(name: name)
        let account = parts.dropLast().last.flatMap { isAccount($0) ? $0 : nil }
        return .url(text, origin: origin, region: Partition.region(ofHost: origin.host), account: account, name: name)
    }

    private static func isAccount(_ text: String) -> Bool { text.utf8.count == 12 && text.utf8.allSatisfy { (0x30...0x39).contains($0) } }

    /// CreateQueue in the SQS API reference: up to 80 letters, digits, hyphens and underscores; `.fifo` counts.
    private static func check(name: String) throws(TransportError) {
        let plain = name.hasSuffix(".fifo") ? name.dropLast(5) : name[...]
        let isPlain = plain.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        guard isPlain, name.utf8.count <= 80, name != ".fifo" else {
            throw TransportError(
                .usage, "'\(name)' cannot be a queue's name", hint: "up to 80 letters, digits, - and _; a FIFO queue's ends in .fifo")
        }
    }

    var name: String {
        switch self {
        case .name(let name), .arn(_, _, let name), .url(_, _, _, _, let name): name
        }
    }

    var account: String? {
        switch self {
        case .name: nil
        case .arn(_, let account, _): account
        case .url(_, _, _, let account, _): account
        }
    }

    var region: String? {
        switch self {
        case .name: nil
        case .arn(let region, _, _): region
        case .url(_, _, let region, _, _): region
        }
    }

    var isFIFO: Bool { name.hasSuffix(".fifo") }
}
