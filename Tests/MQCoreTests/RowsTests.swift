import MQCore
import Testing

@Suite("Rows", .timeLimit(.minutes(1)))
struct RowsTests {
    private func rows(_ columns: Int) -> Rows {
        Rows([.init("name")] + (0..<columns).map { .init("upper", "lower\($0)", isNumeric: true) })
    }

    @Test("have figures on the right, text on the left, and headers above each other")
    func alignment() {
        var rows = Rows([.init("name"), .init("CPU", "send", isNumeric: true), .init("kind")])
        rows.append(["a", "1", "x"])
        rows.append(["bcd", "200", "long"])
        for text in [rows.text(within: 80), rows.text()] {
            #expect(text == "       CPU\nname  send  kind\na        1  x\nbcd    200  long\n")
        }
        #expect(rows.width() == 16 && rows.width(first: 2) == 14)
        rows.removeLastColumn()
        #expect(rows.text() == "       CPU\nname  send\na        1\nbcd    200\n")
    }

    @Test("are not broken by what stands in them")
    func hostileCells() {
        var rows = Rows([.init(), .init()])
        rows.append(["a\nb", "\u{1b}[2J"])
        rows.append(["a cell longer than the others", "x"])
        #expect(rows.text(widest: 10) == "a\\x0ab  \\x1b[2J\na cell longer than the others  x\n")
    }

    @Test("are at most 80 columns wide, however long a name is", arguments: [1, 5, 9, 10, 11])
    func width(columns: Int) {
        var rows = rows(columns)
        let name = "zmq:push:tcp://" + String(repeating: "long.", count: 30) + "example:5555"
        rows.append([name] + (0..<columns).map { "\(100 + $0)" })
        rows.append(["b"] + (0..<columns).map { "\($0)" })
        let text = rows.text(within: 80)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(text)")
        // Both ends of the name are there, and every figure.
        #expect(text.contains("zmq:") && text.contains("…") && text.contains("5555"))
        for column in 0..<columns { #expect(text.contains("\(100 + column)")) }
    }

    @Test("Text wraps at 79 characters, and what follows is indented")
    func wrapping() {
        let text = (0..<40).map { "word\($0)" }.joined(separator: " ").wrapped(indent: 4, first: 0)
        let lines = text.split(separator: "\n")
        #expect(lines.count > 3 && lines.allSatisfy { $0.count <= 79 } && lines.dropFirst().allSatisfy { $0.hasPrefix("    word") })
        #expect(text.split(whereSeparator: \.isWhitespace).count == 40)
        #expect("".wrapped(indent: 4, first: 0) == "\n")
    }
}
