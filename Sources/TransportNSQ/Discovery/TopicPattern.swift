internal import Glibc
internal import MQCore

/// An extended regular expression of POSIX that a topic's name must match somewhere.
///
/// `@unchecked Sendable`: the compiled expression is not changed after `init`, and regexec(3) may be called by several threads at once.
final class TopicPattern: @unchecked Sendable {
    private let compiled: UnsafeMutablePointer<regex_t>

    /// - Throws: `usage` for what is no regular expression.
    init(_ text: String) throws(TransportError) {
        let pattern = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
        let result = regcomp(pattern, text, REG_EXTENDED | REG_NOSUB)
        if result == 0 {
            compiled = pattern
            return
        }
        let words = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            _ = regerror(result, pattern, buffer.baseAddress!, buffer.count)
            return String(cString: buffer.baseAddress!)
        }
        pattern.deallocate()
        throw TransportError(
            .usage, "topic-pattern '\(text)' is not a regular expression: \(words)",
            hint: "as grep -E has it: ^logs-, a comma as %2C, a question mark as %3F")
    }

    deinit {
        regfree(compiled)
        compiled.deallocate()
    }

    func matches(_ name: String) -> Bool { regexec(compiled, name, 0, nil, 0) == 0 }
}
