import Testing

@testable import MQBench

@Suite("A table of text", .timeLimit(.minutes(1)))
struct TextTableTests {
    private func table(_ columns: Int) -> TextTable {
        TextTable([.init(header: ["name"], isNumeric: false)] + (0..<columns).map { .init(header: ["upper", "lower\($0)"]) })
    }

    @Test("has figures on the right, text on the left, and headers above each other")
    func alignment() {
        var table = TextTable([
            .init(header: ["name"], isNumeric: false), .init(header: ["CPU", "send"]), .init(header: ["kind"], isNumeric: false),
        ])
        table.rows = [["a", "1", "x"], ["bcd", "200", "long"]]
        #expect(table.text == "       CPU\nname  send  kind\na        1  x\nbcd    200  long\n")
    }

    @Test("is at most 80 columns wide, however long a name is", arguments: [1, 5, 9, 10, 11])
    func width(columns: Int) {
        var table = table(columns)
        let name = "zmq:push:tcp://" + String(repeating: "long.", count: 30) + "example:5555"
        table.rows = [[name] + (0..<columns).map { "\(100 + $0)" }, ["b"] + (0..<columns).map { "\($0)" }]
        let lines = table.text.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 80 }, "\(table.text)")
        // Both ends of the name are there, and every figure.
        #expect(table.text.contains("zmq:") && table.text.contains("…") && table.text.contains("5555"))
        for column in 0..<columns { #expect(table.text.contains("\(100 + column)")) }
    }

    @Test("wraps words at 79 characters, and indents what follows")
    func wrapping() {
        let text = TextTable.wrapped((0..<40).map { "word\($0)" }.joined(separator: " "), indent: 4)
        let lines = text.split(separator: "\n")
        #expect(lines.count > 3 && lines.allSatisfy { $0.count <= 79 } && lines.dropFirst().allSatisfy { $0.hasPrefix("    word") })
        #expect(text.split(whereSeparator: \.isWhitespace).count == 40)
        #expect(TextTable.wrapped("", indent: 4) == "\n")
    }
}
