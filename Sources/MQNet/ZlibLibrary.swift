internal import CCompression
internal import MQCore

/// zlib, opened when something is first compressed and never linked.
struct ZlibLibrary: @unchecked Sendable {
    // Unchecked: the table is written once, before `loaded` is published, and only read afterwards.
    let api: UnsafePointer<czlib_api>

    private static let loaded = Result<ZlibLibrary, TransportError> { () throws(TransportError) in try ZlibLibrary(opening: "libz.so.1") }

    /// - Throws: `configuration` when zlib is not installed; the hint names the package.
    static func shared() throws(TransportError) -> ZlibLibrary { try loaded.get() }

    init(opening name: String) throws(TransportError) {
        api = try LibraryTable.open("zlib", packages: "apt-get install zlib1g, dnf install zlib") { czlib_open($0, name) }
    }
}
