import Glibc

/// Whole files, without a library for it.
public enum LocalFile {
    /// What is there already: a pipe with a name is refused, since it may keep its reader waiting, and nothing here could end that.
    /// - Throws: `inputOutput` with the path and the system's words; also for a pipe, and for a file over `limit` bytes.
    public static func contents(of path: String, limit: Int = .max) throws(TransportError) -> [UInt8] {
        // A pipe is opened at once this way; to a file it makes no difference.
        let descriptor = open(path.rawCString, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFIFO {
            throw TransportError(.inputOutput, "\(path) is a pipe, and a file is needed here")
        }
        return try contents(of: descriptor, path, limit) { read(descriptor, $0.baseAddress, $0.count) } ?? []
    }

    /// The same, and of a pipe what comes until its writers have closed it.
    /// - Returns: `nil` when the flag was raised before the end.
    public static func contents(of path: String, limit: Int = .max, stop: StopFlag) throws(TransportError) -> [UInt8]? {
        var descriptor: CInt = -1
        while descriptor < 0 {
            guard let result = stop.interrupting({ open(path.rawCString, O_RDONLY | O_CLOEXEC) }) else { return nil }
            if result < 0 && errno != EINTR { throw failure(path, errno) }
            descriptor = result
        }
        defer { close(descriptor) }
        return try contents(of: descriptor, path, limit) { buffer in
            stop.interrupting { read(descriptor, buffer.baseAddress, buffer.count) }
        }
    }

    /// - Parameter readOnce: read(2), or `nil` when it is not to go on.
    private static func contents(
        of descriptor: CInt, _ path: String, _ limit: Int, _ readOnce: (UnsafeMutableRawBufferPointer) -> Int?
    ) throws(TransportError) -> [UInt8]? {
        var result: [UInt8] = []
        var status = stat()
        if fstat(descriptor, &status) == 0 {
            let size = min(Int(status.st_size) + 1, limit)
            // An array without memory ends the process: large ones are tried out.
            if size >= 1 << 24 && !SpareResources.hasRoom(for: size) {
                throw TransportError(.failure, "\(path): no memory for its \(Quantity.count(Int(status.st_size), "byte"))", errno: ENOMEM)
            }
            result.reserveCapacity(size)
        }
        var (failed, isStopped) = (CInt(0), false)
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
            while result.count <= limit {
                guard let count = readOnce(buffer) else {
                    isStopped = true
                    return
                }
                if count < 0 && errno == EINTR { continue }
                if count < 0 { failed = errno }
                if count <= 0 { return }
                result.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        if isStopped { return nil }
        if failed != 0 { throw failure(path, failed) }
        if result.count > limit { throw TransportError(.inputOutput, "\(path): larger than \(Quantity.count(limit, "byte"))") }
        return result
    }

    /// Says when others on this machine can read a file that holds a secret.
    public static func warnOfExposedSecret(_ path: String, _ notices: Notices) {
        var status = stat()
        guard stat(path.rawCString, &status) == 0, status.st_mode & (S_IRGRP | S_IROTH) != 0 else { return }
        notices.warn("\(path): others can read the secret in it; chmod 600 keeps it to you")
    }

    /// Writes a whole file, in place of one that is there.
    /// - Throws: `inputOutput`, `permission`.
    public static func write(_ bytes: [UInt8], to path: String) throws(TransportError) {
        let descriptor = open(path.rawCString, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(path, errno) }
        let number = bytes.withUnsafeBytes { SystemCall.writeAll($0, to: descriptor) }
        // Some file systems report a full disk only when the file is closed.
        let failed = close(descriptor) != 0 && number == 0 ? errno : number
        if failed != 0 { throw failure(path, failed) }
    }

    /// Makes a folder unless there is one.
    /// - Throws: `cannotCreate` with the path and the system's words.
    public static func makeFolder(_ path: String) throws(TransportError) {
        guard mkdir(path.rawCString, 0o777) != 0, errno != EEXIST else { return }
        throw TransportError(.cannotCreate, "\(path): \(SystemError.words(errno))", errno: errno)
    }

    /// The error for a file of which the system said `number`: `permission` or `inputOutput`.
    public static func failure(_ path: String, _ number: CInt) -> TransportError {
        TransportError(number == EACCES ? .permission : .inputOutput, "\(path): \(SystemError.words(number))", errno: number)
    }
}
