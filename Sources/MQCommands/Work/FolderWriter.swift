import Glibc
import MQCore

/// One file a message: `000001`, `000002`, … in the order of arrival, none ever overwritten.
final class FolderWriter: MessageSink {
    private let folder: String
    private var number = 0

    let gap = Batch.Gap()
    let needsProperties = false
    let hasReader = false

    /// - Throws: `cannotCreate`, `inputOutput`.
    init(_ folder: String) throws(TransportError) {
        self.folder = folder
        try Self.prepare(folder)
    }

    /// Makes the folder if it is not there.
    static func prepare(_ folder: String) throws(TransportError) {
        var status = stat()
        if mkdir(folder.rawCString, 0o777) != 0 && errno != EEXIST {
            if errno == ENOENT, let parent = missingParent(of: folder) {
                throw TransportError(
                    .cannotCreate, "\(folder): there is no folder \(parent)", hint: "mkdir -p \(ShellWord.quoted(parent))", errno: ENOENT)
            }
            throw TransportError(.cannotCreate, "\(folder): \(SystemError.words(errno))", errno: errno)
        }
        guard stat(folder.rawCString, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw TransportError(.cannotCreate, "\(folder): not a folder")
        }
        if access(folder.rawCString, W_OK | X_OK) != 0 { throw LocalFile.failure(folder, errno) }
    }

    /// The folder in which this one would be, where that is not there either: it may be misspelt, and is not made.
    private static func missingParent(of folder: String) -> String? {
        let parts = folder.split(separator: "/", omittingEmptySubsequences: true)
        guard parts.count > 1 else { return nil }
        let parent = (folder.hasPrefix("/") ? "/" : "") + parts.dropLast().joined(separator: "/")
        return access(parent.rawCString, F_OK) != 0 ? parent : nil
    }

    func write(_ batch: inout Batch, _ range: Range<Int>, stop: StopFlag) -> RecordWriter.Result {
        for index in range {
            do throws(TransportError) {
                try write(batch.bytes(of: index))
            } catch {
                return RecordWriter.Result(messages: index - range.lowerBound, error: error)
            }
        }
        return RecordWriter.Result(messages: range.count, error: nil)
    }

    private func write(_ body: UnsafeRawBufferPointer) throws(TransportError) {
        let (descriptor, path) = try create()
        var rest = body
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                let error = LocalFile.failure(path, errno)
                close(descriptor)
                unlink(path.rawCString)
                throw error
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        // Some file systems report a full disk only here.
        if close(descriptor) != 0 {
            let error = LocalFile.failure(path, errno)
            unlink(path.rawCString)
            throw error
        }
    }

    private func create() throws(TransportError) -> (CInt, String) {
        while true {
            number += 1
            let digits = String(number)
            let path = folder + "/" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
            let descriptor = open(path.rawCString, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 { return (descriptor, path) }
            if errno != EEXIST { throw LocalFile.failure(path, errno) }
        }
    }
}
