import MQStandIns
import MQTesting
import Testing

@testable import MQCommands

/// Lines of commands that run at once stay whole.
struct LineAssemblerTests {
    private static func lines(_ pieces: [[UInt8]], tag: String = "", ends: Bool = true) -> [UInt8] {
        var (assembler, output) = (LineAssembler(), [UInt8]())
        assembler.tag = Array(tag.utf8)
        for piece in pieces { piece.withUnsafeBytes { assembler.add($0, to: &output) } }
        if ends { assembler.finish(to: &output) }
        return output
    }

    @Test(
        arguments: [
            (["a\nb\n"], "a\nb\n"), (["a", "b\n", "c"], "ab\nc\n"), (["a\nb", "\n"], "a\nb\n"), (["\n\n"], "\n\n"), ([], ""), ([""], ""),
            (["a"], "a\n"),
        ] as [([String], String)])
    func piecesBecomeLines(pieces: [String], text: String) {
        #expect(String(decoding: Self.lines(pieces.map { Array($0.utf8) }), as: UTF8.self) == text)
    }

    @Test func eachLineHasTheTag() {
        let text = Self.lines([Array("a\nb".utf8), Array("c\n\nd".utf8)], tag: "7\t")
        #expect(String(decoding: text, as: UTF8.self) == "7\ta\n7\tbc\n7\t\n7\td\n")
    }

    @Test func halfALineWaits() { #expect(Self.lines([Array("a\nb".utf8)], ends: false) == Array("a\n".utf8)) }

    @Test func aLineWithoutEndDoesNotFillTheMemory() {
        let piece = [UInt8](repeating: 120, count: 1 << 16)
        let text = Self.lines([[UInt8]](repeating: piece, count: 40))
        #expect(text.count { $0 == 10 } >= 2 && text.count { $0 == 120 } == 40 << 16)
    }

    /// However it is cut, the same comes out.
    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func cutsDoNotMatter(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<500).map { _ in Bool.random(using: &random) ? UInt8(10) : UInt8.random(in: 0...255, using: &random) }
        var (pieces, rest) = ([[UInt8]](), bytes[...])
        while !rest.isEmpty {
            pieces.append(Array(rest.prefix(Int.random(in: 1...60, using: &random))))
            rest = rest.dropFirst(pieces.last!.count)
        }
        for tag in ["", "t: "] { #expect(Self.lines(pieces, tag: tag) == Self.lines([bytes], tag: tag)) }
    }
}
