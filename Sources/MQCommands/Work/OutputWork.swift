import MQCore

/// Messages to standard output, or each to a file of its own: done as soon as they are written.
final class OutputWork: Work {
    private let sink: any MessageSink
    /// Where somebody reads, who may go away.
    private let output: OutputStream?
    /// The framing of the records, where they can be told apart again.
    private let framing: Framing?
    private let console: Console
    private let stop: StopFlag
    private var start: SlowStart
    /// How long the reader may take to go, after it has read what was written last.
    private var grace: Duration?
    private var written: [Range<Int>] = []

    var gap: Batch.Gap { sink.gap }
    var needsProperties: Bool { sink.needsProperties }

    /// - Parameter peeks: what is shown stays in the queue, whoever reads it.
    /// - Throws: `inputOutput` when standard output is closed: nothing is taken then.
    init(
        _ sink: any MessageSink, to output: OutputStream?, _ presentation: Presentation, peeks: Bool, stop: StopFlag, console: Console
    ) throws(TransportError) {
        (self.sink, self.output, self.console, self.stop) = (sink, output, console, stop)
        start = SlowStart(isNeeded: output?.isPipe == true && !peeks)
        if case .framed(let framing) = presentation, framing.gap != nil, !peeks { self.framing = framing } else { framing = nil }
        try output?.requireOpen()
    }

    func room() -> Int {
        guard let output else { return .max }
        if let grace { output.awaitReader(grace: grace, stop: stop) }
        grace = nil
        guard output.checkReader() else {
            stop.raise(.readerGone)
            return 0
        }
        return start.allowance
    }

    func begin(_ batch: inout Batch, _ range: Range<Int>, at position: Int, stop: StopFlag) -> Begun {
        let result = sink.write(&batch, range, stop: stop)
        written.add(position..<position + result.messages)
        if let error = result.error {
            // The reader's going is no failure of ours: the process ends by SIGPIPE, as every filter does.
            guard output?.readerIsGone == true else { return Begun(messages: result.messages, error: error) }
            stop.raise(.readerGone)
        } else if start.isLockstep {
            grace = start.grace
            start.advance(by: range.count)
        }
        return Begun(messages: result.messages)
    }

    func collect(_ verdicts: inout [Verdict], _ lull: Lull) throws(TransportError) {
        for range in written { verdicts.append(Verdict(range, .done)) }
        written.removeAll(keepingCapacity: true)
    }

    func finish(stop: StopFlag) throws(TransportError) {
        guard stop.reason == .readerGone, let output else { return }
        // Another thread may have seen it first, while this one waited for a message.
        _ = output.checkReader()
        rescueUnread(output)
    }

    /// What the reader left in the pipe when it went: written, but seen by nobody.
    private func rescueUnread(_ output: OutputStream) {
        guard let framing else { return }
        let bytes = output.takeUnread()
        guard !bytes.isEmpty else { return }
        var unread = Batch()
        let room = unread.prepareRefill(minimum: bytes.count)
        room.copyBytes(from: bytes)
        unread.refilled(bytes.count)
        var parser = RecordParser(framing)
        try? parser.frame(&unread, atEnd: true)
        guard !unread.isEmpty else { return }
        console.rescue(unread, 0..<unread.count, "\(unread.count) written but not read by the reader that has gone, here as JSON:")
    }
}
