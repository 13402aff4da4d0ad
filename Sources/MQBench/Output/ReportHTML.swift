public import MQCore

/// Reports as one page that needs nothing else: no script, drawings inline, light and dark, the JSON within, so that
/// `compare` and `report` take the page for the report.
public enum ReportHTML {
    /// Several reports stand side by side in the same drawings, told apart by their labels.
    /// - Throws: `failure` for a number that JSON cannot write.
    public static func page(_ reports: [BenchReport]) throws(TransportError) -> String {
        let titles = reports.map(\.title)
        let title = "mq bench" + (titles.isEmpty ? "" : ": " + titles.joined(separator: " and "))
        let groups = SeriesGroup.groups(reports)
        var body = header(reports)
        body += alerts(reports)
        body += throughput(groups) + latency(groups, isRoundTrip: reports.allSatisfy(\.plan.roundTrip))
        body += tables(reports) + searches(reports) + conditions(reports)
        for report in reports { body += try ReportJSON.template(report) + "\n" }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(HTML.escape(title))</title>
            <style>
            \(style)
            </style>
            </head>
            <body>
            \(body)</body>
            </html>

            """
    }

    private static func header(_ reports: [BenchReport]) -> String {
        let names = reports.map { HTML.escape($0.label.map(\.printable) ?? "") }.filter { !$0.isEmpty }
        let heading = names.isEmpty ? "mq bench" : names.joined(separator: " · ")
        let lines = reports.map { report in
            "<p class=\"muted\">\(reports.count > 1 ? HTML.escape(report.title) + ": " : "mq bench, ")"
                + HTML.escape("mq \(report.version), \(report.startedAt), \(report.host.fingerprint)".printable) + "</p>\n"
        }
        return "<h1>\(heading)</h1>\n" + lines.joined()
    }

    /// What voids figures, what failed, what limits them: before any figure.
    private static func alerts(_ reports: [BenchReport]) -> String {
        var (void, failed, warnings, notes): ([String], [String], [String], [String]) = ([], [], [], [])
        for report in reports {
            let prefix = reports.count > 1 ? report.title + ": " : ""
            for result in report.results {
                let subject = "\(prefix)\(result.name), \(Figures.size(result.size)), "
                void += result.invalidities.map { subject + $0 }
                failed += result.failure.map { [subject + $0] } ?? []
                warnings += result.remarks.map { subject + $0 }
                notes += result.notes.map { subject + $0 }
            }
            warnings += report.warnings.map { prefix + $0 }
        }
        return box("bad", "✖ INVALID: the figures marked ✖ do not count", void) + box("bad", "✖ FAILED", failed)
            + box("warn", "⚠ Warnings", warnings)
            + box("note", "Notes", notes)
    }

    private static func box(_ kind: String, _ heading: String, _ sentences: [String]) -> String {
        guard !sentences.isEmpty else { return "" }
        let items = sentences.map { "<li>\(HTML.escape($0.printable))</li>" }.joined()
        return "<div class=\"box \(kind)\"><p><strong>\(heading)</strong></p><ul>\(items)</ul></div>\n"
    }

    private static func throughput(_ groups: [SeriesGroup]) -> String {
        let charts = groups.compactMap { group in
            ThroughputChart(group).map { heading(group, of: groups) + "<figure>\($0.svg)</figure>\n" }
        }
        guard !charts.isEmpty else { return "" }
        return "<h2>Throughput</h2>\n<p class=\"muted\">As fast as it goes. The bar is the median of the windows, "
            + "each dot is a window, and the line spans them.</p>\n" + charts.joined()
    }

    private static func latency(_ groups: [SeriesGroup], isRoundTrip: Bool) -> String {
        let charts = groups.compactMap { group in
            LatencyChart(group).map { heading(group, of: groups) + "<figure>\($0.svg)</figure>\n" }
        }
        guard !charts.isEmpty else { return "" }
        let end = isRoundTrip ? "its answer was received" : "it was received"
        return "<h2>Latency by percentile</h2>\n<p class=\"muted\">From when a message was due until \(end), at the stated rate. "
            + "Both axes are logarithmic: each step to the right is ten times rarer.</p>\n" + charts.joined()
    }

    private static func heading(_ group: SeriesGroup, of groups: [SeriesGroup]) -> String {
        groups.count > 1 ? "<h3>\(HTML.escape(group.title))</h3>\n" : ""
    }
}
