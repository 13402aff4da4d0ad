import Foundation
import Testing

/// A framing as the tests write it, independently of the program.
struct TestFraming: Sendable, CustomStringConvertible {
    let word: String
    let encode: @Sendable ([[UInt8]]) -> [UInt8]
    /// Bytes that a message must not contain, for framings that end a record by them.
    var terminator: [UInt8] = []
    var isSingle = false

    var description: String { word }

    static let lines = ended(by: [0x0a], "lines")
    static let nul = ended(by: [0], "nul")
    static let delimiter = ended(by: [0x0d, 0x0a], "delim:\\r\\n")
    static let len32 = TestFraming(word: "len32") { messages in
        messages.flatMap { body in withUnsafeBytes(of: UInt32(body.count).bigEndian) { Array($0) } + body }
    }
    static let netstring = TestFraming(word: "netstring") { messages in
        messages.flatMap { Array("\($0.count):".utf8) + $0 + Array(",".utf8) }
    }
    static let whole = TestFraming(word: "whole", encode: { $0.flatMap { $0 } }, isSingle: true)
    static let jsonl = TestFraming(word: "jsonl") { messages in
        messages.flatMap { Array("{\"body64\":\"\(Data($0).base64EncodedString())\"}\n".utf8) }
    }

    static let all = [lines, nul, delimiter, len32, netstring, whole, jsonl]

    private static func ended(by terminator: [UInt8], _ word: String) -> TestFraming {
        TestFraming(word: word, encode: { messages in messages.flatMap { $0 + terminator } }, terminator: terminator)
    }

    /// What `encode` was given.
    func decode(_ bytes: [UInt8]) throws -> [[UInt8]] {
        if isSingle { return [bytes] }
        if word == "jsonl" { return try jsonBodies(String(decoding: bytes, as: UTF8.self)) }
        var result: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let size: Int
            switch word {
            case "len32":
                size = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(4)
            case "netstring":
                let digits = rest.prefix { $0 != 0x3a }
                size = try #require(Int(String(decoding: digits, as: UTF8.self)))
                rest = rest.dropFirst(digits.count + 1)
            default:
                let starts = rest.indices.dropLast(terminator.count - 1)
                size = try #require(starts.first { rest[$0..<$0 + terminator.count] == terminator[...] }) - rest.startIndex
            }
            result.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size + (word == "netstring" ? 1 : terminator.count))
        }
        return result
    }

    /// The messages of `candidates` that this framing can tell apart.
    func carriable(_ candidates: [[UInt8]]) -> [[UInt8]] {
        if isSingle { return [candidates.max { $0.count < $1.count }!] }
        return terminator.isEmpty ? candidates : candidates.map { $0.without(terminator) }
    }
}

extension [UInt8] {
    /// Two digits a byte.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Without any occurrence of `bytes`.
    fileprivate func without(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for byte in self {
            result.append(byte)
            if result.suffix(bytes.count) == bytes[...] { result.removeLast(bytes.count) }
        }
        return result
    }
}

/// Messages that break what is not careful.
enum TrickyMessages {
    static let all: [[UInt8]] = [
        Array(0...255), [], Array("plain".utf8), Array(" two  spaces ".utf8), Array("a\nb\n".utf8), [0, 0x0a, 0xff, 0x0d], [],
        Array("zwölf Ümläute ✓".utf8), [0x0d], [0x5c, 0x6e], Array("{\"body\":1}".utf8), [0xc3], Array("5:hello,".utf8),
        Array((0...255).reversed()),
    ]

    /// Reproducible bytes of 0 to `limit` each.
    static func random(_ count: Int, limit: Int) -> [[UInt8]] {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        return (0..<count).map { _ in (0..<Int(next() % UInt64(limit + 1))).map { _ in UInt8(truncatingIfNeeded: next() >> 20) } }
    }
}
