import MQCore

/// Received messages as records in a row of files, settled only once they are safe on disk.
final class FileSink: MessageSink {
    struct Plan {
        var file: RotatingFile.Plan
        /// How long what was written may wait to be made safe; `nil` is until the queue has no more, or `busyTime` at most.
        var syncEvery: Duration?
    }

    private let file: RotatingFile
    private let writer: RecordWriter
    private let syncEvery: Duration?
    private let clocks: Clocks
    /// Until when the next message may be waited for, and when to sync even though there always is one.
    private var syncDue = Deadline.never
    private var syncLatest = Deadline.never
    /// A disk syncs a hundred messages in the time of one.
    private static let busyTime = Duration.milliseconds(100)
    /// Messages written since the last `takeSafe`, and those of them that are safe.
    private var written = 0
    private var safe = 0
    private(set) var hasFailed = false

    let hasReader = false
    var gap: Batch.Gap { writer.gap }
    var needsProperties: Bool { writer.needsProperties }

    init(
        _ plan: Plan, _ presentation: Presentation, queue: String, isStrict: Bool, console: Console, clocks: Clocks = .system
    ) throws(TransportError) {
        file = try RotatingFile(plan.file, console: console, clocks: clocks)
        self.clocks = clocks
        syncEvery = plan.syncEvery
        writer = RecordWriter(presentation, to: file, queue: queue, raw: true, isStrict: isStrict, warn: { console.warn($0) })
    }

    /// Until when the next message may be waited for.
    var due: Deadline { syncDue.earlier(file.due) }

    func write(_ batch: inout Batch, _ range: Range<Int>, stop: StopFlag) -> RecordWriter.Result {
        var next = range.lowerBound
        while next < range.upperBound {
            let piece = next..<end(of: batch, next, range.upperBound)
            let result = writer.write(&batch, piece, stop: stop)
            written += result.messages
            next += result.messages
            if written > safe && syncDue.isNever {
                syncDue = syncEvery.map { clocks.deadline(after: $0) } ?? .immediately
                syncLatest = clocks.deadline(after: syncEvery ?? Self.busyTime)
            }
            if let error = result.error {
                // A record that must not be written is no failure of the file.
                if error.code != .malformed && error.code != .unsendable { fail() }
                return RecordWriter.Result(messages: next - range.lowerBound, error: error)
            }
            if file.isFull {
                do throws(TransportError) { try finish() } catch {
                    return RecordWriter.Result(messages: next - range.lowerBound, error: error)
                }
            }
        }
        return RecordWriter.Result(messages: range.count, error: nil)
    }

    /// A file ends with the message that makes it large enough.
    private func end(of batch: borrowing Batch, _ start: Int, _ end: Int) -> Int {
        var room = file.room
        if room == .max { return end }
        if room == 0 { room = 1 }
        var next = start
        while next < end && room > 0 {
            room -= batch.size(of: next) + gap.before + gap.after
            next += 1
        }
        return next
    }

    /// Does what is due: makes safe, ends a file whose time is over.
    /// - Parameter isIdle: the queue has no message right now.
    func attend(isIdle: Bool) throws(TransportError) {
        if clocks.hasPassed(file.due) { return try finish() }
        if clocks.hasPassed(isIdle ? syncDue : syncLatest) { try sync() }
    }

    func sync() throws(TransportError) {
        if hasFailed { return }
        do throws(TransportError) { try file.sync() } catch {
            fail()
            throw error
        }
        passed()
    }

    /// Ends the file that is open, if one is.
    func finish() throws(TransportError) {
        if hasFailed { return }
        do throws(TransportError) { try file.finish() } catch {
            // Without its name the file is safe all the same.
            if file.isOpen { fail() } else { passed() }
            throw error
        }
        passed()
    }

    /// Messages that have become safe since the last call, from the front of those written.
    func takeSafe() -> Int {
        defer { (written, safe) = (written - safe, 0) }
        return safe
    }

    private func passed() {
        safe = written
        (syncDue, syncLatest) = (.never, .never)
    }

    private func fail() {
        hasFailed = true
        (syncDue, syncLatest) = (.never, .never)
        file.cutBack()
    }
}
