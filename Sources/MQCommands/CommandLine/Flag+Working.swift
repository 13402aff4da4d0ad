import MQCore

/// Flags of every verb that works on messages.
extension Flag {
    static let stopWhenIdle = Flag(
        "stop-when-idle", nil, .duration(), help: "Exit when no message has come for DURATION and nothing is under way.")
    static let maxTime = Flag(
        "max-time", nil, .text(), "DURATION",
        help: "Take no more messages after DURATION, and exit; 10m~ varies it by up to a tenth, so that workers do not end together.")
    static let backoff = Flag(
        "backoff", nil, .text(), "MIN:MAX", standard: "1s:5m",
        help: "Wait MIN before the second attempt at a message, twice as long before each further one, and never longer than MAX.")
    static let hold = Flag(
        "hold", nil, .integer(1...Int.max), standard: "1000",
        help: "Keep at most N messages for another attempt where the queue cannot take them back.")
    static let grace = Flag(
        "grace", nil, .duration(),
        help: "Give what is under way DURATION to finish when asked to stop; without it, as long as it takes.")
    static let statusAddr = Flag(
        "status-addr", nil, .text(), "HOST:PORT",
        help: "Serve JSON at /, Prometheus metrics at /metrics, and POST /pause and /resume, on a loopback address.")
    static let statusPublic = Flag("status-public", help: "Allow --status-addr to be an address that others can reach.")

    /// What a verb that works does with what `--drain` finds.
    static let drainWork = Flag.drain.saying("Work on what is there, and exit when the queue is empty.")
    static let maxAttemptsOfWork = Flag.maxAttempts.saying(
        "After N failed attempts, give a message up: drop it, or move it (--dead-letter).")
    static let deadLetterOfWork = Flag.deadLetter.saying(
        "Move messages that are given up to ADDRESS; acknowledge them once it has them.")
}

extension VerbTable.Section {
    static let taking = VerbTable.Section("What to take", [.count, .drainWork, .stopWhenIdle, .maxTime])
    static let failing = VerbTable.Section("Failures", [.backoff, .maxAttemptsOfWork, .deadLetterOfWork, .hold])
    static let running = VerbTable.Section("Running", [.grace, .statusAddr, .statusPublic])
    static let opening = VerbTable.Section("Opening", [.retry, .create, .readyFd])
}
