import Glibc
import MQCore

/// Results for a person: tables, and words wrapped to a width.
enum Results {
    /// Columns side by side, numbers to the right; every line fits its longest cell, except one longer than `widest`. Cells come from
    /// outside, too, and none of them breaks the table.
    static func table(_ header: [String], _ rows: [[String]], alignedRight: Set<Int> = [], widest: Int = .max) -> String {
        let rows = ([header] + rows).map { $0.map(\.printable) }
        let widths = header.indices.map { column in rows.map { $0[column].count }.filter { $0 <= widest }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
                line += (column > 0 ? "  " : "") + (alignedRight.contains(column) ? padding + cell : cell + padding)
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    /// Text broken at spaces; further lines are indented.
    static func wrapped(_ text: String, width: Int = 79, indent: Int = 0, first: Int? = nil) -> String {
        var lines: [String] = []
        var line = String(repeating: " ", count: first ?? indent)
        var isEmpty = true
        for word in text.split(whereSeparator: \.isWhitespace) {
            if !isEmpty && line.count + 1 + word.count > width {
                lines.append(line)
                line = String(repeating: " ", count: indent)
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return (lines + [line]).joined(separator: "\n") + "\n"
    }
}

extension Fact.Value {
    /// For people.
    var text: String {
        switch self {
        case .text(let text): text.printable
        case .number(let number), .counter(let number): Quantity.grouped(number)
        case .identifier(let number): "\(number)"
        case .bytes(let bytes): "\(Quantity.grouped(bytes)) B"
        case .time(let time): time == 0 ? "never" : Timestamp.formatted(time, "%Y-%m-%d %H:%M:%S")
        case .mode(let mode): "0" + String(mode, radix: 8)
        case .flag(let flag): flag ? "yes" : "no"
        }
    }

    /// For a column: a time without its year.
    var shortText: String {
        if case .time(let time) = self, time != 0 { return Timestamp.formatted(time, "%m-%d %H:%M") }
        return text
    }

    var isNumeric: Bool {
        switch self {
        case .number, .counter, .bytes, .identifier: true
        default: false
        }
    }

    func write(into json: inout JSONText) {
        switch self {
        case .text(let text): json.value(text)
        case .number(let number), .counter(let number), .bytes(let number), .identifier(let number): json.value(number)
        case .time(let time): time == 0 ? json.null() : json.value(Timestamp.text(time))
        case .mode: json.value(text)
        case .flag(let flag): json.value(flag)
        }
    }
}
