import MQCore

/// What the verbs rely on, whatever the transport. In a test target:
///
/// ```swift
/// @Test(arguments: Conformance.checks(for: subject))
/// func keepsTheContract(check: ConformanceCheck) throws { try check.run(on: subject) }
/// ```
public enum Conformance {
    /// Those that apply to a subject: each capability has a check that it works and one that its absence is said.
    public static func checks(for subject: ConformanceSubject) -> [ConformanceCheck] {
        all.filter { $0.applies(subject) }
    }

    /// Every check, in the order in which failures are best read.
    public static let all: [ConformanceCheck] = bytes + batches + waiting + settling + queues + properties
}
