public import Glibc

/// A file that appears whole or not at all: it is written beside its place, and takes its name once it is.
public struct FileDraft: ~Copyable {
    private let path: String
    private let draft: String
    /// How its failures are told.
    private let code: TransportError.Code

    /// Writes the bytes, to the disk, under a name of this process.
    /// - Parameter permissions: what the umask takes from; 0o600 makes a file that only its owner reads, from the start.
    /// - Throws: `permission`, or else `code` in the system's words.
    public init(
        _ bytes: [UInt8], for path: String, permissions: mode_t = 0o666, failingAs code: TransportError.Code = .inputOutput
    ) throws(TransportError) {
        (self.path, self.draft, self.code) = (path, PrivateName.make(path), code)
        let descriptor = open(draft.rawCString, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
        guard descriptor >= 0 else { throw Self.failure(path, errno, code) }
        var number = bytes.withUnsafeBytes { SystemCall.writeAll($0, to: descriptor) }
        if number == 0 && fsync(descriptor) != 0 { number = errno }
        // Some file systems report a full disk only when the file is closed.
        if close(descriptor) != 0 && number == 0 { number = errno }
        if number != 0 { throw Self.failure(path, number, code) }
    }

    /// Gives the file its name: of a file that is there only when `replaces` says so.
    /// - Throws: `cannotCreate` when there is one, `permission`, or else what failures are told as.
    public consuming func put(replaces: Bool = true) throws(TransportError) {
        if !replaces {
            // The kernel decides, so that of two who make the same file at once only one has made it.
            let claim = open(path.rawCString, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard claim >= 0 else {
                let number = errno
                guard number == EEXIST else { throw Self.failure(path, number, code) }
                throw TransportError(.cannotCreate, "\(path) is there already", remedy: .replace, errno: number)
            }
            close(claim)
        }
        if rename(draft.rawCString, path.rawCString) != 0 { throw Self.failure(path, errno, code) }
    }

    // Where it has been put nothing bears that name any more.
    deinit { unlink(draft.rawCString) }

    private static func failure(_ path: String, _ number: CInt, _ code: TransportError.Code) -> TransportError {
        TransportError(
            number == EACCES || number == EPERM ? .permission : code, "\(path): \(SystemError.words(number))", errno: number)
    }
}
