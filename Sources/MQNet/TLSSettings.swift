/// How a connection is encrypted, and who is trusted.
public struct TLSSettings: Sendable, Equatable {
    /// The name or IP address that the server's certificate must have.
    public var serverName: String
    /// PEM file of certificates to trust instead of the system's.
    public var caFile: String?
    /// PEM file with this client's certificate, and those between it and its root.
    public var certificateFile: String?
    /// PEM file with its private key, without a passphrase; the certificate's file when there is none.
    public var keyFile: String?
    /// Without it anybody may be the server.
    public var verifies = true

    /// Trusts the system's certificates.
    public init(serverName: String) { self.serverName = serverName }
}
