import Glibc

/// The server's side of TLS, by OpenSSL over buffers in memory.
final class NSQTLSLayer: NSQLayer {
    private typealias Pointer = UnsafeMutableRawPointer
    private typealias Make = @convention(c) () -> Pointer?
    private typealias From = @convention(c) (Pointer?) -> Pointer?
    private typealias Load = @convention(c) (Pointer, UnsafePointer<CChar>, CInt) -> CInt
    private typealias LoadChain = @convention(c) (Pointer, UnsafePointer<CChar>) -> CInt
    private typealias Attach = @convention(c) (Pointer, Pointer, Pointer) -> Void
    private typealias Act = @convention(c) (Pointer) -> Void
    private typealias Query = @convention(c) (Pointer) -> CInt
    private typealias Read = @convention(c) (Pointer, Pointer, CInt) -> CInt
    private typealias Write = @convention(c) (Pointer, UnsafeRawPointer, CInt) -> CInt

    private static let library = LoopbackLibrary("libssl.so.3")
    private static let cryptoLibrary = LoopbackLibrary("libcrypto.so.3")

    private let ssl: LoopbackLibrary
    private let crypto: LoopbackLibrary
    private let context: UnsafeMutableRawPointer
    private let session: UnsafeMutableRawPointer
    private let incoming: UnsafeMutableRawPointer
    private let outgoing: UnsafeMutableRawPointer
    /// Written before the handshake was over.
    private var waiting: [UInt8] = []

    /// - Returns: nil when OpenSSL 3 is missing or does not take the files.
    init?(certificate: String, privateKey: String) {
        guard let ssl = Self.library, let crypto = Self.cryptoLibrary else { return nil }
        (self.ssl, self.crypto) = (ssl, crypto)
        let method = ssl.function("TLS_server_method", as: Make.self)()
        guard let context = ssl.function("SSL_CTX_new", as: From.self)(method) else { return nil }
        let memory = crypto.function("BIO_s_mem", as: Make.self)()
        let makeBuffer = crypto.function("BIO_new", as: From.self)
        guard ssl.function("SSL_CTX_use_certificate_chain_file", as: LoadChain.self)(context, certificate) == 1,
            ssl.function("SSL_CTX_use_PrivateKey_file", as: Load.self)(context, privateKey, 1) == 1,
            let session = ssl.function("SSL_new", as: From.self)(context), let incoming = makeBuffer(memory),
            let outgoing = makeBuffer(memory)
        else {
            ssl.function("SSL_CTX_free", as: Act.self)(context)
            return nil
        }
        (self.context, self.session, self.incoming, self.outgoing) = (context, session, incoming, outgoing)
        ssl.function("SSL_set_bio", as: Attach.self)(session, incoming, outgoing)
        ssl.function("SSL_set_accept_state", as: Act.self)(session)
    }

    deinit {
        ssl.function("SSL_free", as: Act.self)(session)
        ssl.function("SSL_CTX_free", as: Act.self)(context)
    }

    private var isEstablished: Bool { ssl.function("SSL_is_init_finished", as: Query.self)(session) == 1 }

    func decode(_ bytes: [UInt8]) -> [UInt8]? {
        guard crypto.function("BIO_write", as: Write.self)(incoming, bytes, CInt(bytes.count)) == CInt(bytes.count) else { return nil }
        if !isEstablished {
            let code = ssl.function("SSL_do_handshake", as: Query.self)(session)
            // Anything but "wants to read" is the end of it.
            if code != 1 && ssl.function("SSL_get_error", as: (@convention(c) (Pointer, CInt) -> CInt).self)(session, code) != 2 {
                return nil
            }
            if isEstablished && !waiting.isEmpty { write(exchange(&waiting, with: [])) }
        }
        return drain(ssl.function("SSL_read", as: Read.self), session)
    }

    func encode(_ bytes: [UInt8]) -> [UInt8] {
        if isEstablished { write(bytes) } else { waiting += bytes }
        return takeOutput()
    }

    func takeOutput() -> [UInt8] { drain(crypto.function("BIO_read", as: Read.self), outgoing) }

    private func write(_ bytes: [UInt8]) {
        if !bytes.isEmpty { _ = ssl.function("SSL_write", as: Write.self)(session, bytes, CInt(bytes.count)) }
    }

    private func drain(_ read: Read, _ source: UnsafeMutableRawPointer) -> [UInt8] {
        var result: [UInt8] = []
        withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 16) { buffer in
            while true {
                let count = read(source, buffer.baseAddress!, CInt(buffer.count))
                if count <= 0 { return }
                result += UnsafeRawBufferPointer(rebasing: buffer[..<Int(count)])
            }
        }
        return result
    }
}
