internal import CTLS
internal import MQCore

/// A context of OpenSSL, from the settings of one connection.
struct TLSContext: ~Copyable {
    let library: TLSLibrary
    let pointer: OpaquePointer

    private init(_ library: TLSLibrary) throws(TransportError) {
        guard let pointer = library.api.pointee.ctx_new(library.api.pointee.client_method()) else {
            throw TransportError(.failure, "OpenSSL gives no context: \(library.takeError()?.words ?? "out of memory")")
        }
        (self.library, self.pointer) = (library, pointer)
    }

    deinit { library.api.pointee.ctx_free(pointer) }

    /// - Throws: `inputOutput` and `permission` for a file that cannot be read, `configuration` for one that is not what it should be.
    static func make(_ settings: TLSSettings) throws(TransportError) -> TLSContext {
        let library = try TLSLibrary.shared()
        let context = try TLSContext(library)
        library.api.pointee.clear_errors()
        _ = ctls_require_tls12(library.api, context.pointer)
        ctls_forbid_renegotiation(library.api, context.pointer)
        library.api.pointee.ctx_set_default_passwd_cb(context.pointer, ctls_no_passphrase)
        library.api.pointee.ctx_set_verify(context.pointer, settings.verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        if let path = settings.caFile {
            try context.load(path, "holds no certificate to trust") { api, context in
                api.ctx_load_verify_locations(context, path, nil)
            }
        } else {
            _ = library.api.pointee.ctx_set_default_verify_paths(context.pointer)
        }
        try context.identify(settings)
        return context
    }

    private func identify(_ settings: TLSSettings) throws(TransportError) {
        guard let certificate = settings.certificateFile else {
            if settings.keyFile == nil { return }
            throw TransportError(.configuration, "a key without a certificate proves nothing", hint: "name the certificate's file too")
        }
        try load(certificate, "holds no certificate") { api, context in api.ctx_use_certificate_chain_file(context, certificate) }
        // A file may hold both.
        let key = settings.keyFile ?? certificate
        try load(key, "holds no private key that can be read without a passphrase") { api, context in
            api.ctx_use_private_key_file(context, key, SSL_FILETYPE_PEM)
        }
        guard library.api.pointee.ctx_check_private_key(pointer) == 1 else {
            library.api.pointee.clear_errors()
            throw TransportError(.configuration, "\(key): the private key is not that of the certificate in \(certificate)")
        }
    }

    private func load(_ path: String, _ complaint: String, _ call: (ctls_api, OpaquePointer) -> CInt) throws(TransportError) {
        // OpenSSL tells a missing file from a wrong one only in passing.
        _ = try LocalFile.contents(of: path, limit: 16 << 20)
        guard call(library.api.pointee, pointer) != 1 else { return }
        let words = library.takeError()?.words
        throw TransportError(.configuration, "\(path) \(complaint)" + (words.map { ": \($0)" } ?? ""))
    }
}
