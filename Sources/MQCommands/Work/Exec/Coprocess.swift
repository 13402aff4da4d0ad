import Glibc
import MQCore

/// A command that lives on: records go to its standard input, and a line comes back for each.
final class Coprocess {
    /// A record that it has and has not answered.
    struct Record {
        var position: Int
        var number: Int
        var id: String?
        var attempt: Int
        var timestamp: Int64?
        /// On the monotonic clock.
        var started: UInt64 = 0

        /// For the log of jobs, when it has its verdict.
        func entry(_ exit: ExitReason?, _ verdict: String) -> JobLog.Entry {
            let ran = Deadline.now() - started
            let start = WallClock.now() - Int64(ran)
            return JobLog.Entry(
                number: number, ids: id.map { [$0] } ?? [], attempt: attempt, started: start, waited: timestamp.map { start - $0 },
                ran: ran,
                exit: exit, verdict: verdict)
        }
    }

    /// A reply is a line, not a stream.
    private static let longestReply = 1 << 16

    private var child: ChildProcess
    private var input: PipeEnd?
    private let output: PipeEnd
    private var pending: [UInt8] = []
    private var partial: [UInt8] = []
    private(set) var records: [Record] = []
    private(set) var stage = ExecJob.Stage.running
    /// When it goes on to the next stage of its end, once it is at one.
    private var stageDue = Deadline.never
    private(set) var hasAnswered = false
    /// What it did against the rules, for which it is made to end.
    private(set) var offence: String?
    private var isClosed = false
    /// Whether it is made to end because a record took too long.
    private(set) var isLate = false

    /// - Parameters:
    ///   - input: what it reads from; it does not block.
    ///   - output: what it answers with; it does not block.
    init(_ child: consuming ChildProcess, input: consuming PipeEnd, output: consuming PipeEnd) {
        self.child = child
        self.input = consume input
        self.output = output
    }

    var process: CInt { child.process }
    var descriptor: CInt { child.descriptor }
    var inputDescriptor: CInt { input?.descriptor ?? -1 }
    var outputDescriptor: CInt { output.descriptor }
    /// Whether some of its records are not even written to it.
    var isBehind: Bool { !pending.isEmpty }

    /// No reply will follow: mostly it is about to end by itself.
    func hasClosed() {
        isClosed = true
        stageDue = .after(.milliseconds(100))
    }

    /// Whether it may be given a record.
    var isAnswering: Bool { stage == .running && !isClosed }

    /// When its time is up: for the record it works on, or to end.
    func due(_ timeout: Duration?) -> Deadline {
        if !isAnswering { return stageDue }
        guard let timeout, let first = records.first else { return .never }
        let (sum, overflow) = first.started.addingReportingOverflow(timeout.nanoseconds)
        return overflow ? .never : Deadline(nanoseconds: sum)
    }

    func add(_ record: Record, _ bytes: [UInt8]) {
        var record = record
        record.started = Deadline.now()
        records.append(record)
        pending.append(contentsOf: bytes)
    }

    /// Writes what there is room for. A command that has gone is noticed by its end.
    func write() {
        var written = 0
        while written < pending.count, inputDescriptor >= 0 {
            let count = pending.withUnsafeBytes { Glibc.write(inputDescriptor, $0.baseAddress! + written, $0.count - written) }
            if count > 0 {
                written += count
            } else if errno == EAGAIN {
                break
            } else if errno != EINTR {
                input = nil
                written = pending.count
            }
        }
        if written == pending.count { pending.removeAll(keepingCapacity: true) } else { pending.removeFirst(written) }
    }

    /// Takes the replies that are there.
    /// - Returns: false when none will follow.
    func read(_ answer: (Record, CoprocessReply) -> Void) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 16) { buffer in
            while true {
                let count = Glibc.read(output.descriptor, buffer.baseAddress, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return count < 0 && errno == EAGAIN }
                take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), answer)
                if count < buffer.count { return true }
            }
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer, _ answer: (Record, CoprocessReply) -> Void) {
        var rest = bytes[...]
        while offence == nil, let end = rest.firstIndex(of: 0x0a) {
            if partial.isEmpty {
                understand(rest[..<end], answer)
            } else {
                partial.append(contentsOf: rest[..<end])
                understand(partial[...], answer)
                partial.removeAll(keepingCapacity: true)
            }
            rest = rest[(end + 1)...]
        }
        partial.append(contentsOf: rest)
        if partial.count > Self.longestReply { offend("a reply without an end, which is not ok, retry or reject") }
    }

    private func understand(_ line: some BidirectionalCollection<UInt8>, _ answer: (Record, CoprocessReply) -> Void) {
        let shown = { String(decoding: line.prefix(64), as: UTF8.self) }
        guard let reply = CoprocessReply(line) else { return offend("the reply '\(shown())', which is not ok, retry or reject") }
        if records.isEmpty { return offend("the reply '\(shown())' without a record") }
        hasAnswered = true
        let record = records.removeFirst()
        // What waited behind it is its turn now.
        if !records.isEmpty { records[0].started = Deadline.now() }
        answer(record, reply)
    }

    func offend(_ what: String) {
        partial.removeAll()
        offence = offence ?? what
    }

    /// Its time is up, or it does not keep to the rules.
    func escalate(patience: Duration) {
        if stage == .running {
            if isClosed { offend("its standard output closed while it goes on") }
            isLate = offence == nil
            ask()
            stageDue = .after(patience)
        } else {
            stage = .killed
            child.signal(SIGKILL)
            stageDue = .never
        }
    }

    func ask() {
        stage = .asked
        child.signal(SIGTERM)
        child.signal(SIGCONT)
    }

    /// It may end when it has done what it has.
    func closeInput() { input = nil }

    /// How it ended, once its descriptor is readable.
    func collect(_ groups: RunningGroups) -> ExitReason? {
        if stage != .running { child.signal(SIGKILL) }
        groups.remove(process)
        return child.exitReason()
    }
}
