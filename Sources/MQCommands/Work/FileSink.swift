import MQCore

/// Received messages as records in a row of files, or in one for each of several queues; settled only once they are safe on disk.
final class FileSink: MessageSink {
    struct Plan {
        var file: RotatingFile.Plan
        /// How long what was written may wait to be made safe; `nil` is until the queue has no more, or `busyTime` at most.
        var syncEvery: Duration?
        /// Whether the messages of each queue go into files of its own.
        var dividesQueues = false
    }

    /// A row of files.
    private struct Row {
        let file: RotatingFile
        let writer: RecordWriter
    }

    private let plan: Plan
    private let makeRow: (FileName) throws(TransportError) -> Row
    /// The first is of messages that name no queue.
    private var rows: [Row]
    private var rowsByQueue: [String: Int] = [:]
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
    var gap: Batch.Gap { rows[0].writer.gap }
    var needsProperties: Bool { plan.dividesQueues || rows[0].writer.needsProperties }

    init(
        _ plan: Plan, _ presentation: Presentation, queue: String, isStrict: Bool, mayHaveFrames: Bool = false, frames: FrameOutput? = nil,
        console: Console, clocks: Clocks = .system
    ) throws(TransportError) {
        (self.plan, self.clocks) = (plan, clocks)
        syncEvery = plan.syncEvery
        makeRow = { name throws(TransportError) in
            var own = plan.file
            own.name = name
            let file = try RotatingFile(own, console: console, clocks: clocks)
            return Row(
                file: file,
                writer: RecordWriter(
                    presentation, to: file, queue: queue, raw: true, isStrict: isStrict, mayHaveFrames: mayHaveFrames, frames: frames,
                    warn: { console.warn($0) }))
        }
        rows = [try makeRow(plan.file.name)]
    }

    /// Until when the next message may be waited for.
    var due: Deadline { rows.reduce(syncDue) { $0.earlier($1.file.due) } }

    func write(_ batch: inout Batch, _ range: Range<Int>, stop: StopFlag) -> RecordWriter.Result {
        var next = range.lowerBound
        while next < range.upperBound {
            let (row, last): (Row, Int)
            do throws(TransportError) { (row, last) = try self.row(for: batch, next..<range.upperBound) } catch {
                return RecordWriter.Result(messages: next - range.lowerBound, error: error)
            }
            let result = row.writer.write(&batch, next..<end(of: batch, next, last, room: row.file.room), stop: stop)
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
            if row.file.isFull {
                do throws(TransportError) { try finish { $0 === row.file } } catch {
                    return RecordWriter.Result(messages: next - range.lowerBound, error: error)
                }
            }
        }
        return RecordWriter.Result(messages: range.count, error: nil)
    }

    /// Where the first messages of `range` go, and where those end that go there.
    private func row(for batch: borrowing Batch, _ range: Range<Int>) throws(TransportError) -> (Row, end: Int) {
        guard plan.dividesQueues, let queue = batch.properties(of: range.lowerBound).queue else { return (rows[0], range.upperBound) }
        var end = range.lowerBound + 1
        while end < range.upperBound && batch.properties(of: end).queue == queue { end += 1 }
        if let place = rowsByQueue[queue] { return (rows[place], end) }
        let row = try makeRow(plan.file.name.naming(queue))
        rowsByQueue[queue] = rows.count
        rows.append(row)
        return (row, end)
    }

    /// A file ends with the message that makes it large enough.
    private func end(of batch: borrowing Batch, _ start: Int, _ end: Int, room: Int) -> Int {
        var room = room
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
        if rows.contains(where: { clocks.hasPassed($0.file.due) }) { return try finish { clocks.hasPassed($0.due) } }
        if clocks.hasPassed(isIdle ? syncDue : syncLatest) { try sync() }
    }

    func sync() throws(TransportError) {
        if hasFailed { return }
        do throws(TransportError) { for row in rows { try row.file.sync() } } catch {
            fail()
            throw error
        }
        passed()
    }

    /// Ends the files that are open.
    func finish() throws(TransportError) { try finish { _ in true } }

    /// Ends those of the open files that are chosen, and makes the others safe.
    private func finish(_ isChosen: (RotatingFile) -> Bool) throws(TransportError) {
        if hasFailed { return }
        var failure: TransportError?
        // Without its name a file is safe all the same.
        var isSafe = true
        for row in rows {
            do throws(TransportError) {
                if isChosen(row.file) { try row.file.finish() } else { try row.file.sync() }
            } catch {
                failure = failure ?? error
                if row.file.isOpen { isSafe = false }
            }
        }
        if isSafe { passed() } else { fail() }
        if let failure { throw failure }
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
        for row in rows { row.file.cutBack() }
    }
}
