/// The functions of a C library that is opened when first used and never linked.
public enum LibraryTable {
    /// Makes a table that lives as long as the process.
    /// - Parameter open: fills the table; `nil`, or the loader's sentence.
    /// - Throws: `configuration` with that sentence; `packages` say what to install.
    public static func open<Functions>(
        _ library: String, packages: String, _ open: (UnsafeMutablePointer<Functions>) -> UnsafePointer<CChar>?
    ) throws(TransportError) -> UnsafePointer<Functions> {
        let table = UnsafeMutablePointer<Functions>.allocate(capacity: 1)
        if let reason = open(table) {
            let words = String(cString: reason)
            table.deallocate()
            guard SpareResources.hasDescriptor else {
                throw TransportError(
                    .failure, "\(library) cannot be loaded: this process has no descriptors left", hint: "ulimit -n raises the limit")
            }
            throw TransportError(.configuration, "\(library) cannot be loaded: \(words)", hint: "install it: \(packages)")
        }
        return UnsafePointer(table)
    }
}
