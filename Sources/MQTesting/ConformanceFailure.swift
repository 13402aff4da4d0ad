import Glibc
import MQCore

/// What a check found wrong.
public struct ConformanceFailure: Error, CustomStringConvertible {
    /// What was expected, and what happened instead.
    public let description: String
    /// A failure with its words.
    public init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ complaint: @autoclosure () -> String) throws {
    if !condition { throw ConformanceFailure(complaint()) }
}

/// Requires a `TransportError` of one of `codes`.
func expect<Value>(_ codes: TransportError.Code..., doing what: String, _ body: () throws -> Value) throws {
    do {
        _ = try body()
    } catch let error as TransportError {
        let names = codes.map(\.name).joined(separator: " or ")
        return try require(codes.contains(error.code), "\(what): \(error.code.name) (\(error.sentence)) instead of \(names)")
    }
    throw ConformanceFailure("\(what): no error instead of \(codes.map(\.name).joined(separator: " or "))")
}

/// Requires that `body` says to have reacted within 50 ms in at least one of five attempts: the machine may be busy, a
/// transport that is always late is not saved by that.
func promptly(_ what: String, _ body: () throws -> UInt64) throws {
    var best = UInt64.max
    for _ in 0..<5 {
        best = min(best, try body())
        if best <= 50_000_000 { return }
    }
    throw ConformanceFailure("\(what): \(best / 1_000_000) ms instead of at most 50")
}
