internal import CCurl
internal import MQCore

/// libcurl, opened when a client is first made and never linked.
struct CurlLibrary: @unchecked Sendable {
    // Unchecked: the table is written once, before `loaded` is published, and only read afterwards.
    /// The functions of the library; lives as long as the process.
    let api: UnsafePointer<ccurl_api>

    /// The library under its usual names, looked for once.
    private static let loaded = Result<CurlLibrary, TransportError> { () throws(TransportError) in
        do throws(TransportError) {
            return try CurlLibrary(opening: "libcurl.so.4")
        } catch {
            // Debian's build over GnuTLS serves as well, and is often the only one there.
            if let other = try? CurlLibrary(opening: "libcurl-gnutls.so.4") { return other }
            throw error
        }
    }

    /// - Throws: `configuration` when libcurl is not installed; the hint names the package.
    static func shared() throws(TransportError) -> CurlLibrary { try loaded.get() }

    /// Opens the library `name` in the way of dlopen(3).
    /// - Throws: `configuration` when there is none, or it is older than 7.68 and has not every function.
    init(opening name: String) throws(TransportError) {
        api = try LibraryTable.open("libcurl", packages: "apt-get install libcurl4, dnf install libcurl") { ccurl_open($0, name) }
    }

    func words(_ code: CURLcode) -> String { String(cString: api.pointee.easy_strerror(code)!) }

    /// A fault of the multi interface itself: memory or descriptors are used up.
    func error(_ code: CURLMcode) -> TransportError {
        TransportError(.failure, "libcurl: \(String(cString: api.pointee.multi_strerror(code)!))")
    }
}
