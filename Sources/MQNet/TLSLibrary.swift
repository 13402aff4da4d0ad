internal import CTLS
internal import MQCore

/// OpenSSL, opened when a connection is first encrypted and never linked.
struct TLSLibrary: @unchecked Sendable {
    // Unchecked: the table is written once, before `loaded` is published, and only read afterwards.
    let api: UnsafePointer<ctls_api>

    private static let loaded = Result<TLSLibrary, TransportError> { () throws(TransportError) in
        try TLSLibrary(opening: "libssl.so.3", "libcrypto.so.3")
    }

    /// - Throws: `configuration` when OpenSSL is not installed; the hint names the package.
    static func shared() throws(TransportError) -> TLSLibrary { try loaded.get() }

    init(opening ssl: String, _ crypto: String) throws(TransportError) {
        api = try LibraryTable.open("OpenSSL", packages: "apt-get install libssl3, dnf install openssl-libs") { ctls_open($0, ssl, crypto) }
    }

    /// The oldest error of this thread, and OpenSSL's words for it; the others are dropped.
    func takeError() -> (library: CInt, reason: CInt, words: String)? {
        let code = api.pointee.next_error()
        api.pointee.clear_errors()
        if code == 0 { return nil }
        let words = api.pointee.error_words(code).map { String(cString: $0) } ?? "error \(code)"
        return (ctls_error_library(code), ctls_error_reason(code), words)
    }
}
