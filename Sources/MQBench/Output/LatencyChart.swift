import Glibc
internal import MQCore

/// Response time over percentile, both on logarithmic axes, each curve labelled at its end.
struct LatencyChart {
    private struct Curve {
        var series: Series
        var latency: Latency
        /// log10(1 / (1 - p)) and log10 of seconds.
        var points: [(x: Double, y: Double)]
    }

    private let curves: [Curve]
    private let scale: Scale
    private let floor: Double?

    init?(_ group: SeriesGroup) {
        curves = group.series.compactMap { series in
            guard let latency = series.result.latency, let histogram = try? latency.response.histogram(), !histogram.isEmpty else {
                return nil
            }
            return Curve(series: series, latency: latency, points: Self.points(histogram))
        }
        guard !curves.isEmpty else { return nil }
        let all = curves.flatMap(\.points)
        let lowest = all.map(\.y).min()!, highest = all.map(\.y).max()!
        // Further down, the floor is said in words: an empty decade would flatten what was measured.
        let floors = group.series.compactMap { series in series.floor.flatMap { $0.p50 > 0 ? log10($0.p50) : nil } }
        floor = floors.max().flatMap { $0 > lowest - 0.6 && $0 < highest ? $0 : nil }
        scale = Scale(
            x: max(2, all.map(\.x).max()!), y: min(lowest, floor ?? lowest) - 0.06, top: all.map(\.y).max()! + 0.06,
            height: max(340, Double(curves.count) * 40))
    }

    /// Coordinates of the plot.
    struct Scale {
        let left = 64.0, right = 700.0, top = 12.0, width = 940.0
        let height: Double
        let most: Double
        let low: Double, high: Double
        var bottom: Double { top + height }

        init(x: Double, y: Double, top: Double, height: Double) {
            (most, low, high, self.height) = (x, y, top, height)
        }

        func x(_ value: Double) -> Double { left + value / most * (right - left) }
        func y(_ value: Double) -> Double { bottom - (value - low) / (high - low) * height }
    }

    /// At even steps of the axis, ending with the maximum; points on a level line between others are left out.
    private static func points(_ histogram: Histogram) -> [(x: Double, y: Double)] {
        let end = log10(Double(histogram.count))
        var points: [(x: Double, y: Double)] = []
        var buckets = histogram.nonEmpty[...]
        var seen = 0
        let steps = 240
        for step in 0...steps {
            let x = end * Double(step) / Double(steps)
            let wanted = step == steps ? histogram.count : Int((Double(histogram.count) * (1 - pow(10, -x))).rounded(.up))
            while let bucket = buckets.first, seen + bucket.count < wanted {
                seen += bucket.count
                buckets.removeFirst()
            }
            let value = min(buckets.first?.range.upperBound ?? histogram.maximum, histogram.maximum)
            let point = (x: x, y: log10(Double(max(1, value)) / 1e9))
            if points.count > 1, points[points.count - 1].y == point.y, points[points.count - 2].y == point.y { points.removeLast() }
            points.append(point)
        }
        return points
    }

    var svg: String {
        let height = scale.bottom + 46
        var text =
            "<svg viewBox=\"0 0 \(HTML.number(scale.width)) \(HTML.number(height))\" role=\"img\" aria-label=\"Latency by percentile\">\n"
        text += grid
        if let floor { text += floorLine(floor) }
        for curve in curves { text += draw(curve) }
        return text + labels + "</svg>"
    }

    private func draw(_ curve: Curve) -> String {
        let path = curve.points.map { "\(HTML.number(scale.x($0.x))),\(HTML.number(scale.y($0.y)))" }.joined(separator: " ")
        let isInvalid = !curve.latency.invalid.isEmpty
        let dash = isInvalid ? "1 5" : curve.series.dash
        let dashes = dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\" stroke-linecap=\"round\""
        return
            "<polyline class=\"curve s\(curve.series.colour)\"\(dashes) points=\"\(path)\"><title>\(HTML.escape(curve.series.label))</title></polyline>\n"
    }

    /// Names and figures right of the plot, moved apart where curves end close together, with a line to each end.
    private var labels: String {
        let wanted = curves.map { scale.y($0.points.last!.y) }
        let places = Self.apart(wanted, by: 36, within: (scale.top + 8)...(scale.bottom - 14))
        return zip(curves, zip(wanted, places)).map { curve, y in
            let cells = LatencyCells(curve.latency, of: curve.series.result, floor: curve.series.floor)
            let end = scale.x(curve.points.last!.x)
            let name = HTML.escape(curve.series.label.shortened(to: cells.isInvalid ? 20 : 30))
            let mark = cells.isInvalid ? "<tspan class=\"void\">✖ INVALID </tspan>" : ""
            let figures = "p50 \(cells.percentiles[0]), p99 \(cells.percentiles[2]), at \(cells.rate)/s"
            let x = HTML.number(scale.right + 20)
            return "<polyline class=\"leader\" points=\"\(HTML.number(end + 3)),\(HTML.number(y.0)) \(HTML.number(scale.right + 6)),"
                + "\(HTML.number(y.0)) \(HTML.number(scale.right + 16)),\(HTML.number(y.1))\"/>"
                + "<text x=\"\(x)\" y=\"\(HTML.number(y.1 + 1))\" class=\"name t\(curve.series.colour)\">\(mark)\(name)</text>"
                + "<text x=\"\(x)\" y=\"\(HTML.number(y.1 + 16))\" class=\"muted\" font-size=\"12\">\(HTML.escape(figures))</text>\n"
        }.joined()
    }

    /// Moves positions apart so that none lies closer than `gap` to the next, as little as it takes.
    static func apart(_ wanted: [Double], by gap: Double, within range: ClosedRange<Double>) -> [Double] {
        let order = wanted.indices.sorted { wanted[$0] < wanted[$1] }
        var places = wanted
        var next = range.lowerBound
        for index in order {
            places[index] = max(wanted[index], next)
            next = places[index] + gap
        }
        var limit = range.upperBound
        for index in order.reversed() {
            places[index] = min(places[index], limit)
            limit = places[index] - gap
        }
        return places
    }
}

extension LatencyChart {
    private func line(_ kind: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        "<line class=\"\(kind)\" x1=\"\(HTML.number(x1))\" y1=\"\(HTML.number(y1))\" x2=\"\(HTML.number(x2))\" y2=\"\(HTML.number(y2))\"/>"
    }

    private func label(_ text: String, _ x: Double, _ y: Double, anchor: String) -> String {
        "<text class=\"muted\" x=\"\(HTML.number(x))\" y=\"\(HTML.number(y))\" text-anchor=\"\(anchor)\">\(text)</text>"
    }

    private var grid: String {
        var text = ""
        for decade in Int(scale.low.rounded(.down))...Int(scale.high.rounded(.up)) {
            for step in [1.0, 2, 5] {
                let value = Double(decade) + log10(step)
                guard (scale.low...scale.high).contains(value) else { continue }
                text += line("grid", scale.left, scale.y(value), scale.right, scale.y(value))
                // Between decades there is a figure only where there is room.
                if step == 1 || scale.high - scale.low < 2.5 {
                    text += label(Figures.time(pow(10, value)), scale.left - 8, scale.y(value) + 4.5, anchor: "end")
                }
            }
        }
        let names = ["0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %", "99.99999 %", "99.999999 %"]
        var ticks = names.enumerated().map { (Double($0.offset), $0.element) }
        ticks.insert((log10(2), "50 %"), at: 1)
        for (value, name) in ticks where value <= scale.most + 1e-9 {
            text += line("grid", scale.x(value), scale.top, scale.x(value), scale.bottom)
            text += label(name, scale.x(value), scale.bottom + 18, anchor: "middle")
        }
        text += line("axis", scale.left, scale.bottom, scale.right, scale.bottom)
        return text + label("percentile of messages", (scale.left + scale.right) / 2, scale.bottom + 38, anchor: "middle") + "\n"
    }

    private func floorLine(_ floor: Double) -> String {
        line("floor", scale.left, scale.y(floor), scale.right, scale.y(floor))
            + label("floor: p50 of the harness alone, \(Figures.time(pow(10, floor)))", scale.right - 4, scale.y(floor) - 5, anchor: "end")
            + "\n"
    }
}
