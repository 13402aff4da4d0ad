import Glibc
import MQCore

/// A file that only its owner reads from the moment it is made, and that appears whole or not at all: it is written beside its place.
struct PrivateFile: ~Copyable {
    let path: String
    private let draft: String
    private var isInPlace = false

    /// Writes the bytes, to the disk, under a name of this process.
    /// - Throws: `permission`, or `cannotCreate` in the system's words.
    init(_ bytes: String, for path: String) throws(TransportError) {
        (self.path, draft) = (path, "\(path).\(getpid()).new")
        let descriptor = open(draft.rawCString, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let number = errno
            // What bears the name of the draft is not ours.
            isInPlace = true
            throw Self.failure(number == EEXIST ? draft : path, number)
        }
        var bytes = bytes
        var number = bytes.withUTF8 { SystemCall.writeAll(UnsafeRawBufferPointer($0), to: descriptor) }
        if number == 0 && fsync(descriptor) != 0 { number = errno }
        if close(descriptor) != 0 && number == 0 { number = errno }
        if number != 0 { throw Self.failure(path, number) }
    }

    /// Gives the file its name: of a file that is there only when `replaces` says so.
    /// - Throws: `cannotCreate` when there is one, `permission`, or `cannotCreate` in the system's words.
    mutating func put(replaces: Bool) throws(TransportError) {
        // The kernel decides, so that of two who make the same file at once only one has made it.
        let claim = replaces ? -1 : open(path.rawCString, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if claim >= 0 {
            close(claim)
        } else if !replaces {
            let number = errno
            guard number == EEXIST else { throw Self.failure(path, number) }
            throw TransportError(.cannotCreate, "\(path) is there already", hint: "--force replaces it", errno: number)
        }
        if rename(draft.rawCString, path.rawCString) != 0 { throw Self.failure(path, errno) }
        isInPlace = true
    }

    /// Takes the file away again.
    func remove() { unlink((isInPlace ? path : draft).rawCString) }

    deinit { if !isInPlace { unlink(draft.rawCString) } }

    private static func failure(_ path: String, _ number: CInt) -> TransportError {
        TransportError(
            number == EACCES || number == EPERM ? .permission : .cannotCreate, "\(path): \(SystemError.words(number))", errno: number)
    }
}
