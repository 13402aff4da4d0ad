import Glibc
import MQCore
import MQNet

/// One file after another, each under a working name until it is whole.
///
/// A file is `NAME.part` while it is written; at its end it is linked to its name, which fails where the name is taken, so
/// that nothing is ever overwritten. What `sync` has returned for survives a crash, under one name or the other; compressed,
/// it can be decompressed up to there.
final class RotatingFile: ByteSink {
    struct Plan {
        var folder: String
        var name: FileName
        /// A file ends when it has grown to so many bytes; compressed, at the next block that its compressor writes.
        var size: Int?
        /// Files end at whole multiples of it by the local clock.
        var every: Duration?
        /// Level of gzip, 1…9; `nil` leaves the bytes as they are.
        var gzip: Int?
    }

    private struct Open {
        var descriptor: CInt
        var name: String
        var number: Int
        var time: Int64
        /// Bytes in the file, and those of them that are safe.
        var size = 0
        var synced = 0
        /// Something was written that is not safe; some of it may still be with the compressor.
        var isDirty = false
        var due: Deadline
        var gzip: GzipStream?
    }

    private let plan: Plan
    private let console: Console
    private let clocks: Clocks
    private var current: Open?
    private var compressed: [UInt8] = []
    private var last: (name: String, number: Int) = ("", 0)
    let isTerminal = false

    init(_ plan: Plan, console: Console, clocks: Clocks = .system) throws(TransportError) {
        self.plan = plan
        self.console = console
        self.clocks = clocks
        try FolderWriter.prepare(plan.folder)
    }

    deinit { if let current { close(current.descriptor) } }

    /// When the file that is open has to end; never while none is.
    var due: Deadline { current?.due ?? .never }
    /// Bytes until the file that is open is large enough; no bound where it cannot be told what they are compressed to.
    var room: Int {
        guard let size = plan.size, plan.gzip == nil else { return .max }
        return max(0, size - (current?.size ?? 0))
    }
    var isOpen: Bool { current != nil }
    var isFull: Bool { current.map { $0.size >= plan.size ?? .max } ?? false }

    func write(_ bytes: UnsafeRawBufferPointer, stop: StopFlag) -> OutputStream.Written {
        do throws(TransportError) {
            if current == nil { try open() }
            current!.isDirty = true
            if current!.gzip == nil { try put(bytes) } else { try compress(bytes, .none) }
            return OutputStream.Written(bytes: bytes.count, error: nil)
        } catch {
            // What was written of it is cut off again: it counts as not written.
            return OutputStream.Written(bytes: 0, error: error)
        }
    }

    /// Makes everything written so far safe.
    /// - Throws: `inputOutput`; then nothing since the last time is known to be.
    func sync() throws(TransportError) {
        guard let file = current, file.isDirty else { return }
        if file.gzip != nil { try compress(UnsafeRawBufferPointer(start: nil, count: 0), .sync) }
        try settle()
    }

    private func settle() throws(TransportError) {
        guard let file = current else { return }
        guard fsync(file.descriptor) == 0 else { throw LocalFile.failure(path(file), errno) }
        current!.synced = file.size
        current!.isDirty = false
    }

    /// Ends the file that is open, if one is: safe and under its name.
    func finish() throws(TransportError) {
        guard current != nil else { return }
        if current!.gzip != nil { try compress(UnsafeRawBufferPointer(start: nil, count: 0), .finish) }
        try settle()
        let file = current!
        current = nil
        close(file.descriptor)
        try name(file)
    }

    /// After a failure: cuts off what is not safe, and ends the file with what is.
    func cutBack() {
        guard let file = current else { return }
        current = nil
        let isCut = ftruncate(file.descriptor, off_t(file.synced)) == 0
        close(file.descriptor)
        if file.synced == 0 {
            unlink(path(file).rawCString)
        } else if isCut && file.gzip != nil {
            console.warn("\(path(file)) lacks the end of a gzip file; gzip -dc shows what is in it")
        } else if isCut {
            do throws(TransportError) { try name(file) } catch { console.warn(error.sentence) }
        } else {
            console.warn("\(path(file)) holds messages at its end that were put back")
        }
    }

    private func compress(_ bytes: UnsafeRawBufferPointer, _ flush: GzipFlush) throws(TransportError) {
        compressed.removeAll(keepingCapacity: true)
        try current!.gzip?.compress(bytes, into: &compressed, flush: flush)
        var failure: TransportError?
        compressed.withUnsafeBytes { bytes in
            do throws(TransportError) { try put(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(TransportError) {
        guard let file = current else { return }
        let number = SystemCall.writeAll(bytes, to: file.descriptor)
        if number != 0 { throw LocalFile.failure(path(file), number) }
        current!.size += bytes.count
    }

    // MARK: - Names

    private static let mark = ".part"
    private func path(_ file: Open) -> String { "\(plan.folder)/\(file.name)\(Self.mark)" }

    private func open() throws(TransportError) {
        let gzip = try plan.gzip.map { level throws(TransportError) in try GzipStream(level: level) }
        let time = clocks.wall()
        // Only a pattern without the time gives the same name again; then there is no need to try all numbers anew.
        let stem = plan.name.path(time, 1)
        var number = stem == last.name ? last.number : 0
        while true {
            number += 1
            let name = plan.name.path(time, number)
            if access("\(plan.folder)/\(name)".rawCString, F_OK) == 0 { continue }
            let path = "\(plan.folder)/\(name)\(Self.mark)"
            var descriptor = Glibc.open(path.rawCString, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor < 0 && errno == ENOENT {
                try makeFolders(of: name)
                descriptor = Glibc.open(path.rawCString, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            }
            if descriptor < 0 && errno == EEXIST { continue }
            guard descriptor >= 0 else { throw LocalFile.failure(path, errno) }
            last = (stem, number)
            current = Open(
                descriptor: descriptor, name: name, number: number, time: time, due: end(ofFileFrom: time), gzip: gzip)
            syncFolder(of: name)
            return
        }
    }

    /// The next whole multiple of the interval on the local clock.
    private func end(ofFileFrom time: Int64) -> Deadline {
        guard let interval = plan.every.map({ Int64(clamping: $0.nanoseconds) }), interval > 0 else { return .never }
        var seconds = time_t(time / 1_000_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let local = time + Int64(parts.tm_gmtoff) * 1_000_000_000
        return clocks.deadline(after: .nanoseconds(interval - local % interval))
    }

    /// Gives a finished file its name, or the next one that is free.
    private func name(_ file: Open) throws(TransportError) {
        var number = file.number
        while true {
            let name = plan.name.path(file.time, number)
            let target = "\(plan.folder)/\(name)"
            if link(path(file).rawCString, target.rawCString) == 0 || take(target, for: file) {
                unlink(path(file).rawCString)
                syncFolder(of: name)
                console.detail("wrote \(target)")
                return
            }
            guard errno == EEXIST else {
                var error = LocalFile.failure(target, errno)
                error.hint = "everything is in \(path(file))"
                throw error
            }
            number += 1
        }
    }

    /// For file systems without hard links: an empty file of the name is made, which no other takes, and then replaced.
    private func take(_ target: String, for file: Open) -> Bool {
        guard [EPERM, EOPNOTSUPP, ENOSYS, EMLINK].contains(errno) else { return false }
        let descriptor = Glibc.open(target.rawCString, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return rename(path(file).rawCString, target.rawCString) == 0
    }

    private func makeFolders(of name: String) throws(TransportError) {
        var path = plan.folder
        for part in name.split(separator: "/").dropLast() {
            path += "/\(part)"
            if mkdir(path.rawCString, 0o777) != 0 && errno != EEXIST { throw LocalFile.failure(path, errno) }
        }
    }

    /// A name is safe when its folder is; a folder that cannot be synced (some network file systems) keeps its own promises.
    private func syncFolder(of name: String) {
        let path = "\(plan.folder)/\(name)"
        let descriptor = Glibc.open(String(path[..<path.lastIndex(of: "/")!]).rawCString, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
