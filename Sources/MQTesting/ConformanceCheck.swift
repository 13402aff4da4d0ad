import MQCore

/// One statement about every transport, and how to try it.
public struct ConformanceCheck: Sendable, CustomStringConvertible {
    /// A sentence; the name of the test case.
    public let description: String
    let applies: @Sendable (ConformanceSubject) -> Bool
    let body: @Sendable (ConformanceSubject) throws -> Void

    init(
        _ description: String, if applies: @escaping @Sendable (ConformanceSubject) -> Bool = { _ in true },
        _ body: @escaping @Sendable (ConformanceSubject) throws -> Void
    ) {
        self.description = description
        self.applies = applies
        self.body = body
    }

    /// - Throws: `ConformanceFailure` saying what is wrong, or the error that the transport should not have thrown.
    public func run(on subject: ConformanceSubject) throws {
        do {
            try body(subject)
        } catch let error as TransportError {
            throw ConformanceFailure("\(description): unexpected \(error.code.name): \(error.sentence)")
        } catch {
            throw ConformanceFailure("\(description): \(error)")
        }
    }
}
