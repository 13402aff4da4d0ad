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

        /// - Parameter least: in characters.
        public init(_ header: String..., isNumeric: Bool = false, least: Int = 0) {
            (self.header, self.isNumeric, self.least) = (header, isNumeric, least)
        }
    }

    /// From the left.
    public var columns: [Column]
    /// Row after row: a table may have tens of thousands.
    private var cells: [String] = []
    /// Blanks between two columns.
    public var gap = 2
    /// Where not everything fits, what is narrower than this has lines of its own.
    private static let narrowest = 12

    /// A table without rows.
    public init(_ columns: [Column]) { self.columns = columns }

    /// - Parameter cells: one for each column.
    public mutating func append(_ cells: [String]) { for cell in cells { self.cells.append(cell.printable) } }

    /// Takes away the last column.
    public mutating func removeLastColumn() {
        let count = columns.count
        columns.removeLast()
        cells = cells.enumerated().filter { $0.offset % count != count - 1 }.map(\.element)
    }

    private var rows: LazyMapSequence<StrideTo<Int>, ArraySlice<String>> {
        stride(from: 0, to: cells.count, by: max(1, columns.count)).lazy.map { cells[$0..<$0 + columns.count] }
    }

    /// How wide each column is.
    /// - Parameter widest: a longer cell sticks out of its column and does not widen it.
    public func widths(widest: Int = .max) -> [Int] {
        var widths = columns.map(\.least)
        func count(_ cell: String, in column: Int) {
            let width = cell.columns
            if width <= widest && width > widths[column] { widths[column] = width }
        }
        for (index, column) in columns.enumerated() { for header in column.header { count(header, in: index) } }
        for row in rows { for (index, cell) in row.enumerated() { count(cell, in: index) } }
        return widths
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
        var text = header(widths)
        for row in rows { add(row, widths, to: &text) }
        return text
    }

    /// The lines above the cells.
    public func header(_ widths: [Int]) -> String { headerLines.map { line($0, widths) }.joined() }

    /// One line of cells, for a table that is made while it is read.
    public func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        add(cells[...], widths, to: &line)
        return line
    }

    private func add(_ cells: ArraySlice<String>, _ widths: [Int], to text: inout String) {
        // What is blank at the end of the line is left out.
        var owed = 0
        for (index, cell) in cells.enumerated() {
            if index > 0 { owed += gap }
            let padding = max(0, widths[index] - cell.columns)
            if columns[index].isNumeric { owed += padding }
            if !cell.isEmpty {
                for _ in 0..<owed { text += " " }
                owed = 0
                text += cell
            }
            if !columns[index].isNumeric { owed += padding }
        }
        text += "\n"
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
            return head + rows.map { $0.first!.shortened(to: width) + "\n" + table.line([""] + $0.dropFirst(), fitted) }.joined()
        }
        fitted[0] = min(fitted[0], left)
        return (headerLines + rows.map { Array($0) }).map { table.line([$0[0].shortened(to: fitted[0])] + $0.dropFirst(), fitted) }.joined()
    }
}

extension Rows {
    /// A term and what is said of it, wrapped beside it from `column` on; a term that is too long has its line to itself.
    public static func entry(_ term: String, _ words: String, column: Int) -> String {
        let text = words.wrapped(indent: column)
        return term.count + 2 > column ? term + "\n" + text : term + text.dropFirst(term.count)
    }
}

extension String {
    /// Characters, which takes no looking for their boundaries where all of them are ASCII.
    fileprivate var columns: Int { utf8.allSatisfy { (0x20..<0x7f).contains($0) } ? utf8.count : count }
}
