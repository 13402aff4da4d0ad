import Glibc
import MQCore

/// What the commands of one slot write to one of their streams, one after the other: through a pipe line by line, or into a file that
/// is shown when the command has ended.
///
/// The pipe stays when a command ends: what it has left running in the background neither holds up the next nor dies of a closed pipe.
final class SlotStream {
    /// Where it is shown; `nil` keeps it.
    let sink: SharedStream?
    private let pipe: PipePair?
    private var file: PipeEnd?
    private var lines = LineAssembler()
    /// How much of the beginning is wanted for the verdict.
    private let keeps: Int
    private var beginning: [UInt8] = []

    private final class PipePair {
        let pipe: MQCore.Pipe
        init(_ pipe: consuming MQCore.Pipe) { self.pipe = pipe }
    }

    /// - Parameter folder: for files; `nil` for a pipe.
    /// - Throws: `failure` when there are no descriptors left.
    init(to sink: SharedStream?, holdingIn folder: String?, keeps: Int) throws(TransportError) {
        (self.sink, self.keeps) = (sink, keeps)
        guard folder == nil else {
            pipe = nil
            return
        }
        let made = PipePair(try MQCore.Pipe())
        _ = fcntl(made.pipe.reading.descriptor, F_SETFL, O_NONBLOCK)
        pipe = made
    }

    /// Readable when a command has written something; -1 where nobody needs to look.
    var descriptor: CInt { pipe?.pipe.reading.descriptor ?? -1 }
    /// For the command.
    var target: CInt { pipe?.pipe.writing.descriptor ?? file?.descriptor ?? -1 }

    /// - Throws: `failure` when no file can be made.
    func begin(tag: [UInt8], holdingIn folder: String?) throws(TransportError) {
        lines.tag = tag
        beginning.removeAll(keepingCapacity: true)
        if let folder { file = try TemporaryFile.make(in: folder) }
    }

    /// Takes what is there, at most `limit` bytes.
    func read(limit: Int = 1 << 16) {
        withUnsafeTemporaryAllocation(byteCount: min(limit, 1 << 16), alignment: 16) { buffer in
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            guard count > 0 else { return }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if beginning.count < keeps { beginning.append(contentsOf: bytes.prefix(keeps - beginning.count)) }
            sink?.add { lines.add(bytes, to: &$0) }
        }
    }

    /// The command has ended.
    /// - Returns: the beginning of what it wrote.
    func end() -> [UInt8] {
        if let file = file.take() {
            var bytes = [UInt8](repeating: 0, count: keeps)
            let count = pread(file.descriptor, &bytes, keeps, 0)
            sink?.add(file, lines)
            return Array(bytes.prefix(max(0, count)))
        }
        // What it has written; others that it started may go on.
        var left: CInt = 0
        if ioctl(descriptor, UInt(FIONREAD), &left) == 0 {
            while left > 0 {
                read(limit: Int(left))
                left -= 1 << 16
            }
        }
        sink?.add { lines.finish(to: &$0) }
        return beginning
    }
}
