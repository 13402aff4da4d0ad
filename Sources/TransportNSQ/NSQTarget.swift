internal import Glibc
internal import MQCore

/// What stands behind `nsq:` or `nsqlookup:`.
struct NSQTarget: Sendable, Equatable {
    enum Place: Sendable, Equatable {
        /// nsqd itself, one or several.
        case direct([Peer])
        /// Found through these nsqlookupds, by their HTTP ports.
        case lookup([Peer])
    }

    static let daemonPort = 4150
    static let lookupPort = 4161

    let place: Place
    /// Where the place came from, for `explain`.
    let placeSource: String
    /// None for an address that names no topic, or each there is.
    let topics: [String]
    /// Whether it stands for each topic there is, to receive from.
    let isEveryTopic: Bool
    let channel: String?
    /// The topic; `nil` unless the address names one.
    var topic: String? { topics.count == 1 ? topics[0] : nil }
    /// Whether the topic is a private one, which has its name from elsewhere.
    var isTemporary: Bool { topic == "temp" }

    /// - Parameter standard: the value of MQ_NSQ, where there is one.
    /// - Throws: `usage` for hosts and names that can never be right, `configuration` for a broken MQ_NSQ.
    init(_ address: Address, socket: String?, standard: String?) throws(TransportError) {
        let isLookup = address.scheme == "nsqlookup"
        var names = address.target[...]
        var hosts: Substring?
        if names.hasPrefix("//") {
            let rest = names.dropFirst(2)
            let slash = rest.firstIndex(of: "/") ?? rest.endIndex
            hosts = rest[..<slash]
            names = rest[slash...].dropFirst()
        }
        (topics, isEveryTopic, channel) = try Self.names(in: names)
        if let socket {
            if hosts != nil || isLookup {
                throw TransportError(.usage, "unix= stands in place of hosts", hint: "nsq:topic/channel,unix=/path")
            }
            (place, placeSource) = (.direct([.unix(path: socket)]), "unix")
        } else if let hosts {
            (place, placeSource) = (try Self.place(hosts, isLookup), "address")
        } else if let standard, !isLookup {
            do throws(TransportError) {
                let text = standard.hasPrefix("nsq://") ? standard.dropFirst(6) : standard[...]
                (place, placeSource) = (text.hasPrefix("/") ? .direct([.unix(path: String(text))]) : try Self.place(text, false), "MQ_NSQ")
            } catch {
                throw TransportError(.configuration, "MQ_NSQ: \(error.message)", hint: error.hint)
            }
        } else {
            (place, placeSource) = (try Self.place("127.0.0.1", isLookup), "default")
        }
        if topics.count > 1 && topics.contains("temp") { throw TransportError(.usage, "temp is a topic by itself") }
        if isTemporary {
            if channel != nil { throw TransportError(.usage, "temp is a private topic with one channel, which has no name") }
            if isLookup { throw TransportError(.usage, "temp needs an nsqd by name", hint: "nsq://host/temp") }
        }
    }

    private static func place(_ hosts: Substring, _ isLookup: Bool) throws(TransportError) -> Place {
        var peers: [Peer] = []
        for host in hosts.split(separator: ",", omittingEmptySubsequences: false) {
            peers.append(try Peer(parsing: host, standardPort: isLookup ? lookupPort : daemonPort))
        }
        return isLookup ? .lookup(peers) : .direct(peers)
    }

    /// The word for every topic.
    static let everyTopic = "+"

    /// `topic`, `topic+topic`, `+`, each with `/channel` behind it or not.
    private static func names(in text: Substring) throws(TransportError) -> ([String], isEvery: Bool, channel: String?) {
        if text.isEmpty { return ([], false, nil) }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else {
            throw TransportError(.usage, "'\(text)' is not topic/channel", hint: "hosts follow two slashes: nsq://host/topic/channel")
        }
        let isEvery = parts[0] == everyTopic
        let topics = isEvery ? [] : parts[0].split(separator: "+", omittingEmptySubsequences: false)
        for topic in topics { try check(topic, "topic") }
        for channel in parts.dropFirst() { try check(channel, "channel") }
        if Set(topics).count < topics.count { throw TransportError(.usage, "'\(parts[0])' names a topic twice") }
        return (topics.map { String($0) }, isEvery, parts.count == 2 ? String(parts[1]) : nil)
    }

    /// `^[.a-zA-Z0-9_-]+(#ephemeral)?$`, 1 to 64 bytes (nsqd, internal/protocol/names.go).
    private static func check(_ name: Substring, _ what: String) throws(TransportError) {
        let stem = name.hasSuffix("#ephemeral") ? name.dropLast(10) : name
        let isValid = stem.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || ".-_".utf8.contains(byte)
        }
        guard isValid, !stem.isEmpty, name.utf8.count <= 64 else {
            throw TransportError(
                .usage, "'\(name)' is not a \(what) name",
                hint: "1 to 64 of a-z A-Z 0-9 . _ - and #ephemeral at the end if it is to go with its clients")
        }
    }
}
