import MQCore
import MQTesting

/// The error that `body` throws, or `nil` when it throws none.
func failure<Value>(_ body: () throws -> Value) -> TransportError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? TransportError
    }
}

extension String {
    var bytes: [UInt8] { Array(utf8) }
}

extension Batch {
    /// Every body, copied.
    var bodies: [[UInt8]] {
        var result: [[UInt8]] = []
        for index in 0..<count { result.append(Array(bytes(of: index))) }
        return result
    }
}
