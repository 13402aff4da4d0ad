internal import CTLS
public import MQCore

/// TLS 1.2 or later, the client's side, by OpenSSL over memory.
public final class TLSLayer: StreamLayer {
    private let context: TLSContext
    private let connection: OpaquePointer
    /// From the wire to OpenSSL, and back; the connection owns both.
    private let (input, output): (OpaquePointer, OpaquePointer)
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 15, alignment: 16)
    private let serverName: String
    private var api: UnsafePointer<ctls_api> { context.library.api }

    /// Whether the handshake is done: nothing can be encoded before.
    public private(set) var isEstablished = false
    /// Whether the peer has said that it will send nothing more.
    public private(set) var hasEnded = false

    /// - Throws: `configuration` when OpenSSL cannot be opened or a file is not what it should be; `inputOutput` or
    ///   `permission` for a file that cannot be read.
    public init(_ settings: TLSSettings) throws(TransportError) {
        let context = try TLSContext.make(settings)
        let api = context.library.api
        guard let connection = api.pointee.new_connection(context.pointer), let input = api.pointee.bio_new(api.pointee.bio_s_mem()),
            let output = api.pointee.bio_new(api.pointee.bio_s_mem())
        else { throw TransportError(.failure, "OpenSSL is out of memory") }
        api.pointee.set_bio(connection, input, output)
        api.pointee.set_connect_state(connection)
        self.context = context
        (self.connection, self.input, self.output) = (connection, input, output)
        serverName = settings.serverName
        try name(settings.serverName)
    }

    deinit {
        api.pointee.free_connection(connection)
        scratch.deallocate()
    }

    /// Says whom to expect. An address in place of a name is compared with the certificate's addresses, and is no server name (RFC 6066, 3).
    private func name(_ name: String) throws(TransportError) {
        if api.pointee.param_set1_ip_asc(api.pointee.get0_param(connection), name) == 1 { return }
        api.pointee.clear_errors()
        guard !name.isEmpty, !name.utf8.contains(0), api.pointee.set1_host(connection, name) == 1,
            ctls_set_server_name(api, connection, name) == 1
        else {
            api.pointee.clear_errors()
            throw TransportError(.usage, "'\(name)' cannot be the name of a server")
        }
    }

    /// Begins the handshake: what comes out must be sent first.
    public func start(into wire: inout [UInt8]) throws(TransportError) {
        try shakeHands()
        drain(into: &wire)
    }

    public func encode(_ plain: UnsafeRawBufferPointer, into wire: inout [UInt8]) throws(TransportError) {
        guard isEstablished else { throw TransportError(.failure, "the TLS handshake is not done") }
        api.pointee.clear_errors()
        var rest = plain
        while !rest.isEmpty {
            // Over memory everything is taken at once; it counts in 31 bits.
            let count = api.pointee.write(connection, rest.baseAddress, CInt(min(rest.count, 1 << 20)))
            guard count > 0 else { throw failure(count) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(Int(count)))
            drain(into: &wire)
        }
    }

    public func decode(_ wire: UnsafeRawBufferPointer, into plain: inout [UInt8], replies: inout [UInt8]) throws(TransportError) {
        // An alert for the peer goes out whatever else happens.
        defer { drain(into: &replies) }
        api.pointee.clear_errors()
        var rest = wire
        while !rest.isEmpty {
            let count = api.pointee.bio_write(input, rest.baseAddress, CInt(min(rest.count, 1 << 30)))
            guard count > 0 else { throw TransportError(.failure, "OpenSSL is out of memory") }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(Int(count)))
        }
        if !isEstablished { try shakeHands() }
        while isEstablished && !hasEnded {
            let count = api.pointee.read(connection, scratch.baseAddress, CInt(scratch.count))
            if count > 0 {
                plain.append(contentsOf: UnsafeRawBufferPointer(rebasing: scratch[..<Int(count)]))
                continue
            }
            switch api.pointee.get_error(connection, count) {
            case SSL_ERROR_WANT_READ: return
            case SSL_ERROR_ZERO_RETURN: hasEnded = true
            default: throw failure(count)
            }
        }
    }

    private func shakeHands() throws(TransportError) {
        api.pointee.clear_errors()
        let result = api.pointee.do_handshake(connection)
        if result == 1 {
            isEstablished = true
        } else if api.pointee.get_error(connection, result) != SSL_ERROR_WANT_READ {
            throw failure(result)
        }
    }

    private func drain(into wire: inout [UInt8]) {
        while true {
            let count = api.pointee.bio_read(output, scratch.baseAddress, CInt(scratch.count))
            if count <= 0 { return }
            wire.append(contentsOf: UnsafeRawBufferPointer(rebasing: scratch[..<Int(count)]))
        }
    }

    /// What made a call fail, in words.
    private func failure(_ result: CInt) -> TransportError {
        let error = context.library.takeError()
        let verdict = api.pointee.get_verify_result(connection)
        if verdict != Int(X509_V_OK) && !isEstablished && error?.reason == SSL_R_CERTIFICATE_VERIFY_FAILED { return untrusted(verdict) }
        guard let error, error.library == CInt(ERR_LIB_SSL) else {
            return TransportError(.protocolViolation, "TLS: \(error?.words ?? "the peer broke the protocol")")
        }
        switch error.reason {
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG,
            SSL_R_UNEXPECTED_MESSAGE where !isEstablished:
            return TransportError(.protocolViolation, "\(serverName) does not speak TLS here", hint: "is it the right port?")
        case 1000...:
            // An alert of the peer, by its number above 1000: 40 to 49 and 116 are about certificates (RFC 8446, 6.2).
            let alert = Int(error.reason) - 1000
            guard (40...49).contains(alert) || alert == 116 else { break }
            return TransportError(
                .permission, "\(serverName) refuses this client: \(error.words)",
                hint: "tls-cert=FILE and tls-key=FILE give it a certificate")
        default: break
        }
        return TransportError(.protocolViolation, "TLS with \(serverName): \(error.words)")
    }

    private func untrusted(_ verdict: Int) -> TransportError {
        switch CInt(verdict) {
        case X509_V_ERR_CERT_HAS_EXPIRED: return permission("has expired")
        case X509_V_ERR_CERT_NOT_YET_VALID: return permission("is not valid yet", hint: "is this machine's clock right?")
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            return permission("is for another name", hint: "tls-name=NAME if it is meant to differ")
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
            return permission("is not signed by a trusted authority", hint: "tls-ca=FILE names its issuer's certificate")
        default: return permission("is not accepted: " + String(cString: api.pointee.verify_words(verdict)!))
        }
    }

    private func permission(_ what: String, hint: String? = nil) -> TransportError {
        TransportError(.permission, "the certificate of \(serverName) \(what)", hint: hint)
    }
}
