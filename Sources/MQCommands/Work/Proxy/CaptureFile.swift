import Glibc
import MQCore

/// Captures to a file: a JSON object per message and line, as `recv -J` writes them, with where and when the message came in.
final class CaptureFile: ProxyCapture {
    private let file: PipeEnd
    private var text = JSONText()
    /// Whole lines that are still to be written, the first perhaps in part.
    private var waiting: [UInt8] = []
    private var written = 0
    private var encoded = 0

    /// So much is collected before it is written, and so much is kept for a reader that is slow.
    private static let portion = (usual: 64 << 10, most: 1 << 20)

    /// Goes on behind what is there.
    /// - Throws: `inputOutput` when the file cannot be written.
    init(_ path: String) throws(TransportError) {
        // A pipe that nobody empties must not block.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o666)
        guard descriptor >= 0 else {
            let number = errno
            let hint = number == ENXIO ? "a pipe needs a reader first" : nil
            throw TransportError(.inputOutput, "the capture cannot be written: \(SystemError.words(number))", hint: hint, errno: number)
        }
        file = PipeEnd(owning: descriptor)
    }

    private var backlog: Int { waiting.count - written }
    /// A line of which a part was written is not among them.
    var captured: Int { encoded - waiting[written...].count { $0 == UInt8(ascii: "\n") } }

    func take(_ batch: borrowing Batch, _ range: Range<Int>, from side: RelaySide) throws(TransportError) -> Int {
        let now = Int(WallClock.now())
        for index in range {
            if backlog >= Self.portion.most {
                try write()
                if backlog >= Self.portion.most { return index - range.lowerBound }
            }
            encode(batch.bytes(of: index), batch.hasProperties ? batch.properties(of: index) : MessageProperties(), side, now)
        }
        if backlog >= Self.portion.usual { try write() }
        return range.count
    }

    private func encode(_ body: UnsafeRawBufferPointer, _ properties: MessageProperties, _ side: RelaySide, _ now: Int) {
        text.removeAll()
        text.open("{")
        text.member("from", side.rawValue)
        text.member("arrived", now)
        if JSONReader.isUTF8(body) {
            text.key("body")
            text.value(utf8: body)
        } else {
            text.key("body64")
            text.value(base64: body)
        }
        Envelope.encodeMembers(properties, into: &text)
        text.close("}")
        waiting += text.bytes
        waiting.append(UInt8(ascii: "\n"))
        encoded += 1
    }

    func pause() throws(TransportError) { if backlog > 0 { try write() } }

    /// Writes what the file takes.
    private func write() throws(TransportError) {
        while backlog > 0 {
            let count = waiting.withUnsafeBytes { Glibc.write(file.descriptor, $0.baseAddress! + written, backlog) }
            if count < 0 {
                let number = errno
                if number == EINTR { continue }
                if number == EAGAIN { break }
                throw TransportError(.inputOutput, SystemError.words(number), errno: number)
            }
            written += count
        }
        if written == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.count <= 4 * Self.portion.usual)
            written = 0
        } else if written > Self.portion.most {
            waiting.removeFirst(written)
            written = 0
        }
    }

    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError) {
        while true {
            try write()
            guard backlog > 0 else { return }
            guard Readiness.wait(for: Int32(POLLOUT), on: file.descriptor, until: deadline, stop: stop) == .ready else {
                throw TransportError(.inputOutput, "\(Quantity.size(backlog)) were not read in time")
            }
        }
    }
}
