import Glibc
import MQCore
import Synchronization

/// Everything for people: standard error, one whole line at a time, from any thread.
final class Console: Sendable {
    enum ColorChoice: String, Sendable { case auto, always, never }

    struct Settings: Sendable {
        var isQuiet = false
        /// 0, 1 with `-v`, 2 with `-vv`.
        var verbosity = 0
        var logsAreJSON = false
        var errorsAreJSON = false
        var color: ColorChoice = .auto
    }

    let settings: Settings
    let remedies: RemedyWords
    let errorIsTerminal: Bool
    /// Whether a progress line stands on the terminal and must be wiped before anything else is written.
    private let progressLine = Mutex((isShown: false, isFinished: false))

    init(_ settings: Settings, remedies: RemedyWords = RemedyWords()) {
        self.settings = settings
        self.remedies = remedies
        errorIsTerminal = isatty(STDERR_FILENO) == 1
    }

    /// Progress, colour and box drawing only where a person looks.
    var showsProgress: Bool { errorIsTerminal && !settings.isQuiet && !settings.logsAreJSON && !Self.isDumb }
    var usesColor: Bool {
        switch settings.color {
        case .always: true
        case .never: false
        case .auto: errorIsTerminal && getenv("NO_COLOR").map { $0.pointee == 0 } ?? true && !Self.isDumb
        }
    }

    private static var isDumb: Bool { getenv("TERM").map { String(cString: $0) == "dumb" } ?? true }

    /// A sentence worth reading, unless `-q`.
    /// - Parameter fields: of the same, for whoever reads the log as JSON.
    func warn(_ text: String, fields: (inout JSONText) -> Void = { _ in }) {
        if !settings.isQuiet { line("warning", text, fields: fields) }
    }
    func note(_ text: String, fields: (inout JSONText) -> Void = { _ in }) {
        if !settings.isQuiet { line("info", text, fields: fields) }
    }
    /// With `-v`.
    func detail(_ text: String, fields: (inout JSONText) -> Void = { _ in }) {
        if settings.verbosity > 0 && !settings.isQuiet { line("debug", text, fields: fields) }
    }

    /// Of an address in front of a sentence: one with hundreds of options would bury it.
    private static let longestAddress = 240

    /// Why the program fails. Printed with `-q` too: a non-zero status has its sentence.
    func fail(_ error: TransportError, address: String?) {
        let error = remedies.worded(error, at: address)
        if settings.errorsAreJSON {
            write(
                .present(
                    ("code", .integer(Int(ExitStatus.status(of: error.code)))), ("kind", .string(error.code.name)),
                    ("address", address.map { .string($0) }), ("message", .string(error.message.printable)),
                    ("hint", error.hint.map { .string($0.printable) }),
                    ("details", error.details.isEmpty ? nil : .strings(error.details.map(\.printable)))))
        } else {
            let prefix = address.map { $0.isEmpty ? "" : "\($0.shortened(to: Self.longestAddress)): " } ?? ""
            line("error", prefix + error.sentence)
            for detail in error.details { line("error", detail) }
        }
    }

    func line(_ level: String, _ text: String, fields: (inout JSONText) -> Void = { _ in }) {
        guard settings.logsAreJSON else {
            let mark =
                usesColor && level == "error"
                ? "\u{1b}[31mmq:\u{1b}[0m " : usesColor && level == "warning" ? "\u{1b}[33mmq:\u{1b}[0m " : "mq: "
            write(mark + text.printable + "\n")
            return
        }
        var json = JSONText()
        json.open("{")
        json.member("time", Timestamp.text(WallClock.now()))
        json.member("level", level)
        json.member("message", text.printable)
        fields(&json)
        json.close("}")
        write(json.string + "\n")
    }

    /// Asks on standard error and reads the answer from standard input; only `y` and `yes` are one.
    func confirms(_ question: String) -> Bool {
        Self.put("mq: \(question.printable) [y/N] ")
        guard let answer = readLine() else {
            Self.put("\n")
            return false
        }
        return ["y", "yes"].contains(answer.lowercased())
    }

    /// A message that could not be delivered, whole and on its own line, so that it is not lost.
    func rescue(_ json: [UInt8]) { write(String(decoding: json, as: UTF8.self) + "\n") }

    /// Replaces the progress line.
    func progress(_ text: String) {
        progressLine.withLock { line in
            guard !line.isFinished else { return }
            Self.put("\r\u{1b}[K" + text)
            line.isShown = true
        }
    }

    /// Wipes the progress line; none follows.
    func endProgress() {
        progressLine.withLock { line in
            if line.isShown { Self.put("\r\u{1b}[K") }
            line = (isShown: false, isFinished: true)
        }
    }

    private func write(_ json: JSONTree) {
        // Nothing of it is a number that JSON cannot hold.
        if let line = try? json.line() { write(line) }
    }

    private func write(_ text: String) {
        progressLine.withLock { line in
            Self.put(line.isShown ? "\r\u{1b}[K" + text : text)
            line.isShown = false
        }
    }

    private static func put(_ text: String) {
        var text = text
        _ = text.withUTF8 { SystemCall.writeAll(UnsafeRawBufferPointer($0), to: STDERR_FILENO) }
    }
}
