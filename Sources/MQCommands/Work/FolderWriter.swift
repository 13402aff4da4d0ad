import Glibc
import MQCore

/// One file a message: `000001`, `000002`, … in the order of arrival, none ever overwritten.
final class FolderWriter: MessageSink {
    private let folder: String
    private var number = 0

    let gap = Batch.Gap()
    /// Messages may consist of frames, which a file joins.
    let needsProperties: Bool
    private let warn: (String) -> Void
    private var hasWarned = false
    let hasReader = false

    /// - Throws: `cannotCreate`, `inputOutput`.
    init(_ folder: String, mayHaveFrames: Bool = false, warn: @escaping (String) -> Void = { _ in }) throws(TransportError) {
        (self.folder, needsProperties, self.warn) = (folder, mayHaveFrames, warn)
        try Self.prepare(folder)
    }

    /// Makes the folder if it is not there.
    static func prepare(_ folder: String) throws(TransportError) {
        var status = stat()
        do throws(TransportError) {
            try LocalFile.makeFolder(folder)
        } catch {
            guard error.errno == ENOENT, let parent = missingParent(of: folder) else { throw error }
            throw TransportError(
                .cannotCreate, "\(folder): there is no folder \(parent)", hint: "mkdir -p \(ShellWord.quoted(parent))", errno: ENOENT)
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
                if needsProperties { sayJoined(batch.properties(of: index).frames) }
            } catch {
                return RecordWriter.Result(messages: index - range.lowerBound, error: error)
            }
        }
        return RecordWriter.Result(messages: range.count, error: nil)
    }

    private func sayJoined(_ frames: [Int]?) {
        guard let frames, !hasWarned else { return }
        hasWarned = true
        warn("message \(number) has \(Quantity.count(frames.count, "frame")): its file holds them joined, -J keeps them apart")
    }

    private func write(_ body: UnsafeRawBufferPointer) throws(TransportError) {
        let (descriptor, path) = try create()
        var number = SystemCall.writeAll(body, to: descriptor)
        // Some file systems report a full disk only here.
        if close(descriptor) != 0 && number == 0 { number = errno }
        guard number == 0 else {
            unlink(path.rawCString)
            throw LocalFile.failure(path, number)
        }
    }

    private func create() throws(TransportError) -> (CInt, String) {
        while true {
            number += 1
            let path = folder + "/" + String(number).zeroPadded(to: 6)
            let descriptor = open(path.rawCString, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 { return (descriptor, path) }
            if errno != EEXIST { throw LocalFile.failure(path, errno) }
        }
    }
}
