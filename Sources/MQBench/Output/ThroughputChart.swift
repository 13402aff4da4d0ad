internal import MQCore

/// Horizontal bars from zero with the windows drawn, labelled at their ends.
struct ThroughputChart {
    private let rows: [(series: Series, throughput: Throughput)]
    private let rowHeight = 40.0
    private let labelWidth = 190.0
    private let barStart = 200.0
    private let barWidth = 500.0
    private let width = 940.0

    init?(_ group: SeriesGroup) {
        rows = group.series.compactMap { series in series.result.throughput.map { (series, $0) } }
        if rows.isEmpty { return nil }
    }

    private var most: Double { max(rows.map { max($0.throughput.messagesPerSecond, $0.throughput.range.upperBound) }.max() ?? 1, 1) }

    var svg: String {
        let height = Double(rows.count) * rowHeight + 8
        var text = "<svg viewBox=\"0 0 \(HTML.number(width)) \(HTML.number(height))\" role=\"img\" aria-label=\"Throughput\">\n"
        text += "<defs><pattern id=\"void\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
        text +=
            "<rect width=\"8\" height=\"8\" fill=\"var(--bad-panel)\"/><rect width=\"3\" height=\"8\" fill=\"var(--bad)\"/></pattern></defs>\n"
        for (index, row) in rows.enumerated() { text += draw(row.series, row.throughput, y: Double(index) * rowHeight + 4) }
        let bottom = HTML.number(height - 4), x = HTML.number(barStart)
        return text + "<line class=\"axis\" x1=\"\(x)\" y1=\"0\" x2=\"\(x)\" y2=\"\(bottom)\"/>\n</svg>"
    }

    private func position(_ rate: Double) -> Double { barStart + rate / most * barWidth }

    private func draw(_ series: Series, _ throughput: Throughput, y: Double) -> String {
        let cells = ThroughputCells(throughput, of: series.result, floor: series.floor)
        let middle = y + rowHeight / 2 - 4
        let end = position(throughput.messagesPerSecond)
        let fill = cells.isInvalid ? "fill=\"url(#void)\"" : "class=\"f\(series.colour)\""
        let name = series.label.shortened(to: 26)
        var text = "<g><title>\(HTML.escape(series.label))</title>"
        text +=
            "<text class=\"name\" x=\"\(HTML.number(labelWidth))\" y=\"\(HTML.number(middle + 4.5))\" text-anchor=\"end\">\(HTML.escape(name))</text>"
        text += "<rect \(fill) x=\"\(HTML.number(barStart))\" y=\"\(HTML.number(middle - 9))\" "
        text += "width=\"\(HTML.number(max(1, end - barStart)))\" height=\"18\" rx=\"1.5\"/>"
        text += windows(throughput, middle: middle)
        let labelX = max(end, throughput.windows.count > 1 ? position(throughput.range.upperBound) + 4 : end) + 8
        text += "<text x=\"\(HTML.number(labelX))\" y=\"\(HTML.number(middle + 4.5))\">"
        if cells.isInvalid { text += "<tspan class=\"void\">✖ INVALID </tspan>" }
        text +=
            "<tspan class=\"name\">\(cells.rate)/s</tspan><tspan class=\"muted\"> \(cells.spread), \(cells.megabytes) MB/s</tspan></text></g>\n"
        return text
    }

    private func windows(_ throughput: Throughput, middle: Double) -> String {
        guard throughput.windows.count > 1 else { return "" }
        let (low, high) = (position(throughput.range.lowerBound), position(throughput.range.upperBound))
        let y = HTML.number(middle)
        var text = "<line class=\"spread\" x1=\"\(HTML.number(low))\" y1=\"\(y)\" x2=\"\(HTML.number(high))\" y2=\"\(y)\"/>"
        for window in throughput.windows.prefix(60) {
            text += "<circle class=\"window\" cx=\"\(HTML.number(position(window.rate)))\" cy=\"\(y)\" r=\"2.6\"/>"
        }
        return text
    }
}
