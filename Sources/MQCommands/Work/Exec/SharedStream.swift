import Glibc
import MQCore

/// Standard output or standard error, shared by commands that run at once: it takes whole lines, and nobody waits for who reads them.
final class SharedStream {
    /// A file that is copied here when it is its turn.
    private struct Copy: ~Copyable {
        let file: PipeEnd
        var offset: off_t = 0
        var lines: LineAssembler
    }

    /// With so much waiting, no more is read of what commands write.
    private static let bound = 1 << 16

    let descriptor: CInt
    /// How much can be written without waiting once poll(2) says that something can.
    private let step: Int
    private var pending: [UInt8] = []
    private var written = 0
    private var copies: [CopyBox] = []
    /// Why nothing more can be written.
    private(set) var failure: CInt?

    private final class CopyBox {
        var copy: Copy
        init(_ copy: consuming Copy) { self.copy = copy }
    }

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        step = isFile ? 1 << 20 : Int(PIPE_BUF)
    }

    /// Whether something waits for the reader.
    var hasPending: Bool { written < pending.count || !copies.isEmpty }
    var isFull: Bool { pending.count - written >= Self.bound || copies.count > 8 }

    /// Adds to what waits, by the caller's hand.
    func add(_ body: (inout [UInt8]) -> Void) { body(&pending) }

    /// Copies a file behind what waits.
    func add(_ file: consuming PipeEnd, _ lines: LineAssembler) {
        copies.append(CopyBox(Copy(file: file, lines: lines)))
    }

    /// Writes what the reader has room for.
    func flush() {
        while hasPending {
            if written == pending.count { refill() }
            guard failure == nil else {
                // Those who write to it go on all the same.
                written = pending.count
                continue
            }
            guard isReady else { return }
            let count = min(pending.count - written, step)
            if count == 0 { continue }
            let result = pending.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, count) }
            if result >= 0 { written += result } else if errno != EINTR && errno != EAGAIN { failure = errno }
        }
        if written > 0 {
            pending.removeAll(keepingCapacity: pending.capacity <= 4 * Self.bound)
            written = 0
        }
    }

    /// Waits for the reader, for a stream at its end.
    func flush(until deadline: Deadline, stop: StopFlag) {
        flush()
        while hasPending, Readiness.wait(for: POLLOUT, on: descriptor, until: deadline, stop: stop) == .ready { flush() }
    }

    private var isReady: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    private func refill() {
        (written, pending) = (0, pending)
        pending.removeAll(keepingCapacity: true)
        guard let box = copies.first else { return }
        let count = withUnsafeTemporaryAllocation(byteCount: Self.bound, alignment: 16) { buffer in
            let count = pread(box.copy.file.descriptor, buffer.baseAddress, buffer.count, box.copy.offset)
            if count > 0 { box.copy.lines.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: &pending) }
            return count
        }
        if count > 0 { return box.copy.offset += off_t(count) }
        box.copy.lines.finish(to: &pending)
        copies.removeFirst()
    }
}
