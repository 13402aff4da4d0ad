/// Columns of text in at most 80 characters. The first column gives way when the others need the room.
struct TextTable {
    struct Column {
        /// Up to two lines, the lower one beside the figures.
        var header: [String]
        var isNumeric = true
    }

    var columns: [Column]
    var rows: [[String]] = []
    var width = 80
    /// Narrower than this, the first column has lines of its own above its figures.
    private let narrowest = 12

    init(_ columns: [Column]) { self.columns = columns }

    var text: String {
        let widths = columns.indices.map { index in
            (columns[index].header + rows.map { $0[index] }).map(\.count).max() ?? 0
        }
        let others = widths.dropFirst().reduce(0, +)
        let gap = widths[0] + others + 2 * (columns.count - 1) <= width ? 2 : 1
        let left = width - others - gap * (columns.count - 1)
        let header = (0..<2).map { line in columns.map { $0.header.count == 2 ? $0.header[line] : line == 1 ? $0.header[0] : "" } }
        let lines = header.filter { $0.contains { !$0.isEmpty } }
        guard left >= min(narrowest, widths[0]) else { return ownLines(lines, widths, others) }
        var fitted = widths
        fitted[0] = min(widths[0], left)
        return (lines + rows).map { format($0, fitted, gap) }.joined()
    }

    private func ownLines(_ header: [[String]], _ widths: [Int], _ others: Int) -> String {
        var fitted = widths
        fitted[0] = max(2, min(8, width - others - columns.count + 1))
        let head = header.map { format([""] + $0.dropFirst(), fitted, 1) }.joined()
        return head + rows.map { Figures.shortened($0[0], to: width) + "\n" + format([""] + $0.dropFirst(), fitted, 1) }.joined()
    }

    private func format(_ cells: [String], _ widths: [Int], _ gap: Int) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let cell = Figures.shortened(cell, to: widths[index])
            let padding = String(repeating: " ", count: widths[index] - cell.count)
            line += String(repeating: " ", count: index > 0 ? gap : 0) + (columns[index].isNumeric ? padding + cell : cell + padding)
        }
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }

    /// Clauses or words in lines of at most 79 characters, further lines indented.
    static func wrapped(_ text: String, indent: Int) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty && line.count + 1 + word.count > 79 {
                lines.append(line)
                line = String(repeating: " ", count: indent) + word
            } else {
                line += (line.isEmpty ? "" : " ") + word
            }
        }
        return (lines + [line]).map { $0 + "\n" }.joined()
    }
}
