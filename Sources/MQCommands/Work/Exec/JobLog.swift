import Glibc
import MQCore

/// A line of tab-separated fields about each job: `--joblog`.
final class JobLog {
    static let header = "number\tid\tattempt\tstarted\twaited\tran\tstatus\tsignal\tverdict\n"

    struct Entry {
        var number: Int
        var ids: [String] = []
        var attempt: Int?
        /// Nanoseconds since 1970.
        var started: Int64
        /// Since the queue took the message.
        var waited: Int64?
        var ran: UInt64
        var exit: ExitReason?
        var verdict: String

        /// Seconds have three digits behind the point; what is not known is a dash.
        var line: String {
            let fields = [
                "\(number)", ids.isEmpty ? "-" : ids.map(\.printable).joined(separator: ","), attempt.map { "\($0)" } ?? "-",
                Quantity.decimal(Double(started / 1_000_000) / 1e3, digits: 3),
                waited.map { Quantity.decimal(Double(max(0, $0)) / 1e9, digits: 3) } ?? "-",
                Quantity.decimal(Double(ran) / 1e9, digits: 3), status, signal, verdict,
            ]
            return fields.joined(separator: "\t") + "\n"
        }

        private var status: String { if case .status(let status) = exit { "\(status)" } else { "-" } }
        private var signal: String { if case .signal(let signal) = exit { SignalName.of(signal) } else { "-" } }
    }

    private let file: PipeEnd
    private let path: String
    private let console: Console
    private var hasFailed = false

    /// Goes on behind what is there.
    /// - Throws: `inputOutput` when the file cannot be written.
    init(_ path: String, console: Console) throws(TransportError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            let number = errno
            throw TransportError(.inputOutput, "--joblog \(path): \(SystemError.words(number))", errno: number)
        }
        file = PipeEnd(owning: descriptor)
        (self.path, self.console) = (path, console)
        var status = stat()
        if fstat(descriptor, &status) == 0 && status.st_size == 0 { write(Self.header) }
    }

    func write(_ entry: Entry) { write(entry.line) }

    /// Work does not end because its log does.
    private func write(_ line: String) {
        let failure = Array(line.utf8).withUnsafeBytes { file.write($0) }
        guard failure != 0, !hasFailed else { return }
        hasFailed = true
        console.warn("--joblog \(path): \(SystemError.words(failure)); lines are missing")
    }
}
