import Glibc
import MQCore

/// An extended regular expression (regex(7)) over the bytes of a body.
final class BodyPattern {
    private let compiled = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)

    /// - Throws: `usage`, with what is wrong in the C library's words.
    init(_ text: String) throws(TransportError) {
        compiled.initialize(to: regex_t())
        let code = regcomp(compiled, text, REG_EXTENDED)
        guard code == 0 else {
            var words = [CChar](repeating: 0, count: 256)
            regerror(code, compiled, &words, words.count)
            throw TransportError(
                .usage,
                "'\(text)' is not a regular expression: \(String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))"
            )
        }
    }

    deinit {
        regfree(compiled)
        compiled.deallocate()
    }

    func matches(_ body: UnsafeRawBufferPointer) -> Bool {
        var place = regmatch_t(rm_so: 0, rm_eo: regoff_t(body.count))
        let start = body.baseAddress.map { $0.assumingMemoryBound(to: CChar.self) }
        return withUnsafePointer(to: CChar(0)) { regexec(compiled, start ?? $0, 1, &place, REG_STARTEND) == 0 }
    }
}
