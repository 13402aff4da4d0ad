import Glibc

/// Whole files, without a library for it.
public enum LocalFile {
    /// - Throws: `inputOutput` with the path and the system's words; also for a file over `limit` bytes.
    public static func contents(of path: String, limit: Int = .max) throws(TransportError) -> [UInt8] {
        let descriptor = open(path.rawCString, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { close(descriptor) }
        var result: [UInt8] = []
        var status = stat()
        if fstat(descriptor, &status) == 0 { result.reserveCapacity(min(Int(status.st_size) + 1, limit)) }
        var failed: CInt = 0
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
            while result.count <= limit {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0 && errno == EINTR { continue }
                if count < 0 { failed = errno }
                if count <= 0 { return }
                result.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        if failed != 0 { throw failure(path, failed) }
        if result.count > limit { throw TransportError(.inputOutput, "\(path): larger than \(limit) bytes") }
        return result
    }

    /// Writes a whole file, in place of one that is there.
    /// - Throws: `inputOutput`, `permission`.
    public static func write(_ bytes: [UInt8], to path: String) throws(TransportError) {
        let descriptor = open(path.rawCString, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(path, errno) }
        var number = bytes.withUnsafeBytes { SystemCall.writeAll($0, to: descriptor) }
        // Some file systems report a full disk only when the file is closed.
        if close(descriptor) != 0 && number == 0 { number = errno }
        if number != 0 { throw failure(path, number) }
    }

    /// Makes a folder unless there is one.
    /// - Throws: `cannotCreate` with the path and the system's words.
    public static func makeFolder(_ path: String) throws(TransportError) {
        guard mkdir(path.rawCString, 0o777) != 0, errno != EEXIST else { return }
        throw TransportError(.cannotCreate, "\(path): \(SystemError.words(errno))", errno: errno)
    }

    public static func failure(_ path: String, _ number: CInt) -> TransportError {
        TransportError(number == EACCES ? .permission : .inputOutput, "\(path): \(SystemError.words(number))", errno: number)
    }
}
