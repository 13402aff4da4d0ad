internal import Glibc
internal import MQCore

/// The options of an address, as an endpoint takes them.
struct NSQSettings: Sendable {
    var connection = ConnectionSettings()
    var limits = NSQSender.Limits()
    var copies: Bool
    /// The most messages in flight, over all connections.
    var maximumInFlight: Int
    var pollInterval: Duration

    static let standardInFlight = 2500

    /// - Throws: `usage` for values that exclude each other.
    init(_ options: OptionValues) throws(TransportError) {
        copies = options.flag("copy") ?? false
        maximumInFlight = options.integer("max-in-flight") ?? Self.standardInFlight
        pollInterval = options.duration("poll") ?? .seconds(15)
        limits = NSQSender.Limits(message: options.bytes("max-message"), body: options.bytes("max-body"))
        connection.resolve = options.texts("resolve")
        for entry in connection.resolve where entry.split(separator: ":", maxSplits: 2).count != 3 {
            throw TransportError(.usage, "resolve=\(entry) is not name:port:address")
        }
        connection.authFile = options.text("auth-file")
        try identify(options)
        try chooseTLS(options)
    }

    private mutating func identify(_ options: OptionValues) throws(TransportError) {
        var identification = Identification()
        let host = HostName.current ?? "unknown"
        identification.hostname = host
        identification.clientID = options.text("client-id") ?? host.prefix { $0 != "." }.description
        if let period = options.duration("heartbeat") {
            identification.heartbeat = try Self.milliseconds(period, 1000...60_000, "heartbeat", "1s to 60s")
        }
        if let period = options.duration("msg-timeout") {
            identification.messageTimeout = try Self.milliseconds(period, 1000...900_000, "msg-timeout", "1s to 15m")
        }
        identification.outputBuffer = options.bytes("output-buffer") ?? 1 << 14
        if identification.outputBuffer == 0 { identification.outputBuffer = -1 }
        guard identification.outputBuffer == -1 || identification.outputBuffer >= 64 else {
            throw TransportError(.usage, "option output-buffer must be 0 or 64 to 65536 bytes")
        }
        identification.sampleRate = options.integer("sample-rate")
        identification.region = options.text("topology-region")
        identification.zone = options.text("topology-zone")
        let level = options.integer("deflate")
        if options.flag("snappy") == true {
            if level != nil { throw TransportError(.usage, "snappy and deflate exclude each other") }
            identification.compression = .snappy
        } else if let level {
            identification.compression = .deflate(level)
        }
        connection.identification = identification
    }

    private mutating func chooseTLS(_ options: OptionValues) throws(TransportError) {
        let keys = ["tls-ca", "tls-cert", "tls-key", "tls-name", "tls-insecure"].filter(options.has)
        guard options.flag("tls") ?? !keys.isEmpty else { return }
        if options.has("tls-cert") != options.has("tls-key") {
            throw TransportError(.usage, "tls-cert and tls-key go together")
        }
        connection.tls = TLSChoice(
            caFile: options.text("tls-ca"), certificateFile: options.text("tls-cert"), keyFile: options.text("tls-key"),
            serverName: options.text("tls-name"), verifies: options.flag("tls-insecure") != true)
        connection.identification.tls = true
    }

    private static func milliseconds(
        _ value: Duration, _ range: ClosedRange<Int>, _ key: String, _ words: String
    ) throws(TransportError) -> Int {
        let number = value.milliseconds
        guard range.contains(number) else { throw TransportError(.usage, "option \(key)=\(Quantity.words(value)) must be \(words)") }
        return number
    }
}
