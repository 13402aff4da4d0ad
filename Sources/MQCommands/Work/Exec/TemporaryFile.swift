import Glibc
import MQCore

/// A file without a name, gone with its last descriptor.
enum TemporaryFile {
    /// `TMPDIR`, or `/tmp`.
    static var folder: String { getenv("TMPDIR").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp" }

    /// - Throws: `inputOutput`, or `failure` when there are no descriptors left.
    static func make(in folder: String) throws(TransportError) -> PipeEnd {
        var path = Array("\(folder)/mq-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else {
            let number = errno
            let code = number == EMFILE || number == ENFILE ? TransportError.Code.failure : .inputOutput
            throw TransportError(
                code, "no temporary file in \(folder): \(SystemError.words(number))", hint: "TMPDIR names another folder", errno: number)
        }
        // A command is given it as a standard stream, and nobody has it otherwise.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(path)
        return PipeEnd(owning: descriptor)
    }
}
