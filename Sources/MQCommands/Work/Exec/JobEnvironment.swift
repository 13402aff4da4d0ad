import Glibc
import MQCore

/// The environment of a command: this program's own, and what the message says of itself.
final class JobEnvironment {
    /// A string of an environment, its name included and a NUL behind it, is at most so long (execve(2), MAX_ARG_STRLEN).
    static let limit = 128 * 1024
    /// Carried over from an attribute of the same name in any case, for traces (OpenTelemetry, environment variables as carriers).
    private static let traceNames = ["TRACEPARENT", "TRACESTATE", "BAGGAGE"]
    private static let prefix = "MQ_ATTR_"
    /// Ours alone: what they say of another message, whose command this program may be, is not handed on.
    private static let names = [
        "MQ_ADDRESS", "MQ_QUEUE", "MQ_ID", "MQ_ATTEMPT", "MQ_TIMESTAMP", "MQ_PRIORITY", "MQ_TYPE", "MQ_GROUP", "MQ_SLOT", "MQ_NUMBER",
    ]

    private let place: (address: String, queue: String)
    private let base: [[UInt8]]
    private let traces: [[UInt8]]
    private let address: [[UInt8]]
    private let warn: (String) -> Void
    private var hasWarned: Set<String> = []

    /// - Parameters:
    ///   - inherited: entries, `NAME=value`.
    ///   - warn: is told once of each kind of thing that is left out.
    init(address: String, queue: String, inherited: [[UInt8]] = JobEnvironment.own, warn: @escaping (String) -> Void) {
        self.warn = warn
        place = (address, queue)
        self.address = Self.entries(address, queue)
        var (base, traces): ([[UInt8]], [[UInt8]]) = ([], [])
        for entry in inherited {
            let name = String(decoding: entry.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
            if Self.names.contains(name) || name.hasPrefix(Self.prefix) { continue }
            if Self.traceNames.contains(name) { traces.append(entry) } else { base.append(entry) }
        }
        (self.base, self.traces) = (base, traces)
    }

    private static func entries(_ address: String, _ queue: String) -> [[UInt8]] {
        [Array("MQ_ADDRESS=\(address)".utf8), Array("MQ_QUEUE=\(queue)".utf8)].filter { !$0.contains(0) }
    }

    /// This program's own.
    static var own: [[UInt8]] {
        var (entries, place): ([[UInt8]], _) = ([], environ)
        while let entry = place.pointee {
            entries.append(Array(UnsafeRawBufferPointer(start: entry, count: strlen(entry))))
            place += 1
        }
        return entries
    }

    /// The queue, for those who read JSON; a message of one of several queues names its own.
    func describe(_ message: MessageProperties?, into json: inout JSONText) {
        json.member("address", place.address)
        if message?.queue == nil { json.member("queue", place.queue) }
    }

    /// For a run that has no message of its own.
    func entries(slot: Int, number: Int?) -> [[UInt8]] {
        var result = base + traces + address
        add("MQ_SLOT", slot, to: &result)
        if let number { add("MQ_NUMBER", number, to: &result) }
        return result
    }

    /// - Parameter withAttributes: false when all together were too much for the system.
    func entries(_ message: MessageProperties, slot: Int, number: Int, withAttributes: Bool = true) -> [[UInt8]] {
        var result = base
        result.reserveCapacity(base.count + address.count + traces.count + message.attributes.count + 8)
        result += message.queue.map { Self.entries(place.address, $0) } ?? address
        add("MQ_SLOT", slot, to: &result)
        add("MQ_NUMBER", number, to: &result)
        add("MQ_ATTEMPT", message.attempts ?? 1, to: &result)
        if let id = message.id { add("MQ_ID", Array(id.utf8), to: &result) }
        if let timestamp = message.timestamp { add("MQ_TIMESTAMP", Array(Timestamp.text(timestamp).utf8), to: &result) }
        if let priority = message.priority { add("MQ_PRIORITY", priority, to: &result) }
        if let type = message.type { add("MQ_TYPE", type, to: &result) }
        if let group = message.group { add("MQ_GROUP", Array(group.utf8), to: &result) }
        if message.attributes.isEmpty {
            result += traces
        } else if withAttributes {
            add(message.attributes, to: &result)
        } else {
            say("together", "the attributes of a message are too large for the environment of a command and are left out of it")
            result += traces
        }
        return result
    }

    private func add(_ attributes: [Attribute], to result: inout [[UInt8]]) {
        // One trace or another: parts of two would be none.
        let isTraced = attributes.contains { $0.name.uppercased() == Self.traceNames[0] }
        if !isTraced { result += traces }
        var taken: Set<String> = []
        for attribute in attributes {
            let upper = attribute.name.uppercased()
            if Self.traceNames.contains(upper), isTraced, taken.insert(upper).inserted { add(upper, attribute.value, to: &result) }
            let name = Self.prefix + Self.variable(attribute.name)
            if taken.insert(name).inserted {
                add(name, attribute.value, to: &result)
            } else {
                say(name, "several attributes of a message would be \(name): only the first is")
            }
        }
    }

    /// Upper case; all but letters and digits of ASCII is `_`.
    static func variable(_ name: String) -> String {
        String(
            decoding: name.utf8.map { byte in
                switch byte {
                case 0x61...0x7a: byte - 32
                case 0x41...0x5a, 0x30...0x39: byte
                default: UInt8(ascii: "_")
                }
            }, as: UTF8.self)
    }

    private func add(_ name: String, _ number: Int, to result: inout [[UInt8]]) { result.append(Array("\(name)=\(number)".utf8)) }

    private func add(_ name: String, _ value: [UInt8], to result: inout [[UInt8]]) {
        if name.utf8.count + value.count + 2 > Self.limit {
            return say("size", "\(name) is too long for the environment of a command, \(value.count) bytes, and is left out of it")
        }
        if value.contains(0) {
            return say("NUL", "\(name) contains NUL, which the environment of a command cannot hold, and is left out of it")
        }
        result.append(Array("\(name)=".utf8) + value)
    }

    /// Once for each kind, not once for each message.
    private func say(_ kind: String, _ text: String) {
        guard hasWarned.insert(kind).inserted else { return }
        warn("\(text); --meta-fd has everything")
    }
}
