import MQCore

/// Messages to files: done once their file is safe on disk, some time after they were written.
final class FileWork: Work {
    /// What may be under way before it is made safe.
    private static let limit = (bytes: 1 << 22, messages: 1 << 16)

    private let files: FileSink
    private let hangups: Hangups
    /// Written and not known to be safe, in the order of writing.
    private var pending: [Range<Int>] = []
    private var messages = 0
    private var bytes = 0
    private var failure: TransportError?

    var gap: Batch.Gap { files.gap }
    var needsProperties: Bool { files.needsProperties }
    var due: Deadline { files.due }

    init(_ files: FileSink, _ hangups: Hangups) { (self.files, self.hangups) = (files, hangups) }

    func begin(_ batch: inout Batch, _ range: Range<Int>, at position: Int, stop: StopFlag) -> Begun {
        let result = files.write(&batch, range, stop: stop)
        pending.add(position..<position + result.messages)
        messages += result.messages
        bytes += batch.payloadBytes(range.lowerBound..<range.lowerBound + result.messages)
        return Begun(messages: result.messages, error: result.error)
    }

    func collect(_ verdicts: inout [Verdict], _ lull: Lull) throws(TransportError) {
        defer { addSafe(&verdicts) }
        if files.hasFailed { throw failure ?? TransportError(.inputOutput, "the file cannot be written") }
        do throws(TransportError) {
            if hangups.take() { try files.finish() }
            if lull == .awaitsVerdicts || bytes > Self.limit.bytes || messages > Self.limit.messages { try files.sync() }
            try files.attend(isIdle: lull != .none)
        } catch {
            failure = error
            throw error
        }
    }

    /// Those that have become safe: from the front, since files are written in order.
    private func addSafe(_ verdicts: inout [Verdict]) {
        let safe = files.takeSafe()
        messages -= safe
        // Files are made safe as a whole.
        if safe > 0 { bytes = 0 }
        for range in pending.takeFirst(safe) { verdicts.append(Verdict(range, .done)) }
    }

    func finish(stop: StopFlag) throws(TransportError) { try files.finish() }
}
