/// What stands in rows and columns for a person. The cells may come from outside: none of them breaks the table.
public struct Rows: Sendable {
    /// One column.
    public struct Column: Sendable {
        /// Up to two lines, the lower one beside the cells; none when the table has no header.
        public var header: [String]
        /// Figures stand to the right, words to the left.
        public var isNumeric: Bool
        /// Characters that it is wide at least.
        public var least: Int

        public init(_ header: String..., isNumeric: Bool = false, least: Int = 0) {
            (self.header, self.isNumeric, self.least) = (header, isNumeric, least)
        }
    }

    /// From the left.
    public var columns: [Column]
    private var rows: [[String]] = []
    /// Blanks between two columns.
    public var gap = 2
    /// Where not everything fits, what is narrower than this has lines of its own.
    private static let narrowest = 12

    public init(_ columns: [Column]) { self.columns = columns }

    /// - Parameter cells: one for each column.
    public mutating func append(_ cells: [String]) { rows.append(cells.map(\.printable)) }

    /// Takes away the last column.
    public mutating func removeLastColumn() {
        columns.removeLast()
        for index in rows.indices { rows[index].removeLast() }
    }

    /// How wide each column is.
    /// - Parameter widest: a longer cell sticks out of its column and does not widen it.
    public func widths(widest: Int = .max) -> [Int] {
        columns.indices.map { index in
            let cells = (columns[index].header + rows.map { $0[index] }).map(\.count).filter { $0 <= widest }
            return max(columns[index].least, cells.max() ?? 0)
        }
    }

    /// How long its longest line is, when no cell of the first column sticks out.
    /// - Parameter first: what the first column has at most.
    public func width(first: Int = .max) -> Int {
        let widths = widths()
        return min(first, widths[0]) + widths.dropFirst().reduce(0) { $0 + gap + $1 }
    }

    /// Everything, in lines as long as they must be.
    public func text(widest: Int = .max) -> String {
        let widths = widths(widest: widest)
        return header(widths) + rows.map { line($0, widths) }.joined()
    }

    /// The lines above the cells.
    public func header(_ widths: [Int]) -> String { headerLines.map { line($0, widths) }.joined() }

    /// One line of cells, for a table that is made while it is read.
    public func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: max(0, widths[index] - cell.count))
            if index > 0 { line += String(repeating: " ", count: gap) }
            line += columns[index].isNumeric ? padding + cell : cell + padding
        }
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }

    private var headerLines: [[String]] {
        let lines = (0..<2).map { line in
            columns.map { $0.header.count == 2 ? $0.header[line] : line == 1 ? $0.header.first ?? "" : "" }
        }
        return lines.filter { $0.contains { !$0.isEmpty } }
    }
}

extension Rows {
    /// Everything, in lines of at most `width` characters: the first column gives way when the others need the room, down to
    /// lines of its own above its figures.
    public func text(within width: Int) -> String {
        var fitted = widths()
        let others = fitted.dropFirst().reduce(0, +)
        var table = self
        table.gap = fitted[0] + others + 2 * (columns.count - 1) <= width ? 2 : 1
        let left = width - others - table.gap * (columns.count - 1)
        guard left >= min(Self.narrowest, fitted[0]) else {
            table.gap = 1
            fitted[0] = max(2, min(8, width - others - columns.count + 1))
            let head = headerLines.map { table.line([""] + $0.dropFirst(), fitted) }.joined()
            return head + rows.map { $0[0].shortened(to: width) + "\n" + table.line([""] + $0.dropFirst(), fitted) }.joined()
        }
        fitted[0] = min(fitted[0], left)
        return (headerLines + rows).map { table.line([$0[0].shortened(to: fitted[0])] + $0.dropFirst(), fitted) }.joined()
    }
}

extension Rows {
    /// A term and what is said of it, wrapped beside it from `column` on; a term that is too long has its line to itself.
    public static func entry(_ term: String, _ words: String, column: Int) -> String {
        let text = words.wrapped(indent: column)
        return term.count + 2 > column ? term + "\n" + text : term + text.dropFirst(term.count)
    }
}
