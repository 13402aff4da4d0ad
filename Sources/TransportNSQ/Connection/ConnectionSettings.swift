internal import Glibc
internal import MQCore
internal import MQNet

/// What every connection of an endpoint is made with.
struct ConnectionSettings: Sendable {
    var identification = Identification()
    var tls: TLSChoice?
    /// `name:port:address`, as `curl --resolve` has it.
    var resolve: [String] = []
    /// Where the secret for AUTH is; MQ_NSQ_AUTH otherwise.
    var authFile: String?
    /// What heartbeats go by.
    var clocks = Clocks.system

    /// Milliseconds between two looks at a connection that keep it alive, and its messages ours.
    var patrol: Int { min(identification.heartbeat, identification.messageTimeout ?? 60_000) / 4 }

    /// Says when others on this machine can read the secret.
    func warnOfExposedSecret(_ notices: Notices) {
        if let authFile { LocalFile.warnOfExposedSecret(authFile, notices) }
    }

    /// The secret, without the newline at its end; `nil` when there is none.
    /// - Throws: `inputOutput`, `permission` for a file that cannot be read, `configuration` for an empty one.
    func secret() throws(TransportError) -> [UInt8]? {
        guard let authFile else {
            return getenv("MQ_NSQ_AUTH").flatMap { strlen($0) > 0 ? Array(String(cString: $0).utf8) : nil }
        }
        var bytes = try LocalFile.contents(of: authFile, limit: 1 << 16)
        while let last = bytes.last, last == 0x0a || last == 0x0d { bytes.removeLast() }
        if bytes.isEmpty { throw TransportError(.configuration, "\(authFile): holds no secret") }
        return bytes
    }
}
