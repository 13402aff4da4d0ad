internal import CCompression
internal import MQCore

/// libsnappy, opened when something is first compressed and never linked.
struct SnappyLibrary: @unchecked Sendable {
    // Unchecked: the table is written once, before `loaded` is published, and only read afterwards.
    let api: UnsafePointer<csnappy_api>

    private static let loaded = Result<SnappyLibrary, TransportError> { () throws(TransportError) in
        try SnappyLibrary(opening: "libsnappy.so.1")
    }

    /// - Throws: `configuration` when snappy is not installed; the hint names the package.
    static func shared() throws(TransportError) -> SnappyLibrary { try loaded.get() }

    init(opening name: String) throws(TransportError) {
        api = try LibraryTable.open("libsnappy", packages: "apt-get install libsnappy1v5, dnf install snappy") { csnappy_open($0, name) }
    }
}
