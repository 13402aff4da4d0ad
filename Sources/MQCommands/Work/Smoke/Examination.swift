import MQCore

/// Compares messages with what is expected of them, one after another.
struct Examination {
    /// What is expected.
    struct Plan {
        /// The bodies; with one alone, of every message.
        var bodies: [[UInt8]] = []
        /// In whatever order they come.
        var isUnordered = false
        var patterns: [(text: String, pattern: BodyPattern)] = []
        var values: [JSONExpectation] = []
        var attributes: [(name: String, value: String)] = []

        var isEmpty: Bool { bodies.isEmpty && patterns.isEmpty && values.isEmpty && attributes.isEmpty }
    }

    private let plan: Plan
    private let isSame: Bool
    /// Those that have not come yet, when the order does not matter.
    private var missing: [[UInt8]]
    private(set) var done = 0

    /// - Parameter count: of the messages there will be.
    init(_ plan: Plan, count: Int) {
        self.plan = plan
        isSame = plan.bodies.count == 1 && count > 1
        missing = isSame ? [] : plan.bodies
    }

    /// Of the messages that did not come, the first.
    var next: [UInt8]? { isSame ? plan.bodies[0] : plan.isUnordered ? missing.first : plan.bodies.dropFirst(done).first }

    /// - Returns: how the message differs from what is expected of the next; `nil` when it does not.
    mutating func examine(_ batch: borrowing Batch, _ index: Int) -> TransportError? {
        let number = done + 1
        func failure(_ words: String, _ details: [String] = []) -> TransportError {
            var error = TransportError(.negative, "message \(Quantity.grouped(number)) \(words)")
            error.details = details
            return error
        }
        let body = batch.bytes(of: index)
        if !plan.bodies.isEmpty, let error = compare(body, failure) { return error }
        for (text, pattern) in plan.patterns where !pattern.matches(body) {
            return failure("does not match '\(text)'", ["received: \(BodyDifference.shown(Array(body)))"])
        }
        for value in plan.values {
            guard let (words, details) = value.obstacle(body) else { continue }
            return failure(words, details.isEmpty ? ["received: \(BodyDifference.shown(Array(body)))"] : details)
        }
        if !plan.attributes.isEmpty {
            let attributes = batch.properties(of: index).attributes
            for (name, value) in plan.attributes {
                guard let found = attributes.first(where: { $0.name == name })?.value else {
                    return failure("has no attribute '\(name)'", ["expected: \(value)"])
                }
                guard found.elementsEqual(value.rawBytes) else {
                    return failure(
                        "differs in its attribute '\(name)'", ["expected: \(value)", "received: \(BodyDifference.shown(Array(found)))"])
                }
            }
        }
        done += 1
        return nil
    }

    private mutating func compare(
        _ body: UnsafeRawBufferPointer, _ failure: (String, [String]) -> TransportError
    ) -> TransportError? {
        if plan.isUnordered && !isSame {
            guard let place = missing.firstIndex(where: { $0.elementsEqual(body) }) else {
                let left = missing.prefix(3).map { "expected: \(BodyDifference.shown($0))" }
                let more = missing.count > 3 ? ["expected: \(Quantity.grouped(missing.count - 3)) more"] : []
                return failure("is none of those expected", left + more + ["received: \(BodyDifference.shown(Array(body)))"])
            }
            missing.remove(at: place)
            return nil
        }
        guard let difference = BodyDifference(expected: isSame ? plan.bodies[0] : plan.bodies[done], received: body) else { return nil }
        return failure("differs at byte \(Quantity.grouped(difference.byte))", difference.details)
    }
}
