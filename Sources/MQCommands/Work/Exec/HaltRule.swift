import MQCore

/// When failures end the work: `--halt fail=3`, `--halt fail=20%`.
struct HaltRule {
    private enum Limit {
        case number(Int)
        case percent(Double)
    }

    /// A share says nothing of a few jobs.
    private static let fewest = 3

    private let limit: Limit
    private let text: String
    private var jobs = 0
    private var failures = 0

    /// - Throws: `usage`.
    init(parsing text: String) throws(TransportError) {
        let error = TransportError(.usage, "--halt '\(text)' is not a limit of failures", hint: "--halt fail=3 or --halt fail=20%")
        guard text.hasPrefix("fail=") else { throw error }
        let value = text.dropFirst("fail=".count)
        if value.hasSuffix("%") {
            guard let percent = Double(value.dropLast()), percent > 0, percent <= 100 else { throw error }
            limit = .percent(percent)
        } else {
            guard let number = Quantity.integer(String(value)), number > 0 else { throw error }
            limit = .number(number)
        }
        self.text = text
    }

    /// Counts a job, and says why it was the last that may begin, once.
    mutating func count(isFailure: Bool) -> TransportError? {
        jobs += 1
        guard isFailure else { return nil }
        failures += 1
        switch limit {
        case .number(let number): if failures != number { return nil }
        case .percent(let percent):
            if failures < Self.fewest || Double(failures) * 100 < percent * Double(jobs) { return nil }
        }
        return TransportError(.failure, "\(failures) of \(Quantity.count(jobs, "job")) failed (--halt \(text))")
    }
}
