internal import Glibc
internal import MQCore
internal import MQNet

/// How TLS is spoken, when it is.
struct TLSChoice: Sendable, Equatable {
    var caFile: String?
    var certificateFile: String?
    var keyFile: String?
    /// The name that the certificate must hold; the host's otherwise.
    var serverName: String?
    var verifies = true

    func settings(for peer: Peer) -> TLSSettings {
        let host = if case .tcp(let host, _) = peer { host } else { "localhost" }
        var settings = TLSSettings(serverName: serverName ?? host)
        (settings.caFile, settings.certificateFile, settings.keyFile) = (caFile, certificateFile, keyFile)
        settings.verifies = verifies
        return settings
    }
}
