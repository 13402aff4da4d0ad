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
            let why = String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw TransportError(
                .usage, "'\(text)', character \(Self.place(in: text) + 1): from here on it is not a regular expression (\(why))")
        }
    }

    /// Where a text stops being a regular expression: the C library does not say. In front of it is the longest part that is one.
    private static func place(in text: String) -> Int {
        let characters = text.unicodeScalars
        let pattern = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
        defer { pattern.deallocate() }
        for count in (0..<characters.count).reversed() {
            guard regcomp(pattern, String(characters.prefix(count)), REG_EXTENDED | REG_NOSUB) == 0 else { continue }
            regfree(pattern)
            return count
        }
        return 0
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
