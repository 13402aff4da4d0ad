internal import MQCore

/// The results of one drawing: those of the same size, or, of a single transport, all sizes.
struct SeriesGroup {
    var title: String
    var series: [Series]

    static func groups(_ reports: [BenchReport]) -> [SeriesGroup] {
        let sizes = unique(reports.flatMap { $0.results.map(\.size) })
        let names = unique(reports.flatMap { $0.results.map(\.name) })
        var titles: [String] = []
        for report in reports {
            // Equal labels would not tell the reports apart.
            titles.append(titles.contains(report.title) ? "\(report.title) (\(titles.count + 1))" : report.title)
        }
        var all: [Series] = []
        var styles: [String] = []
        for (report, title) in zip(reports, titles) {
            for result in report.results {
                var parts = names.count > 1 || (sizes.count == 1 && reports.count == 1) ? [result.name.printable] : []
                if reports.count > 1 { parts.append(title) }
                let isBySize = names.count == 1 && sizes.count > 1
                if isBySize { parts.append(Figures.size(result.size)) }
                let label = parts.isEmpty ? result.name.printable : parts.joined(separator: ", ")
                if !styles.contains(label) { styles.append(label) }
                all.append(Series(label: label, style: styles.firstIndex(of: label)!, result: result, floor: report.floor))
            }
        }
        if names.count == 1 { return all.isEmpty ? [] : [SeriesGroup(title: "", series: all)] }
        return sizes.map { size in SeriesGroup(title: Figures.size(size), series: all.filter { $0.result.size == size }) }
    }

    private static func unique<T: Hashable>(_ values: [T]) -> [T] {
        var seen: Set<T> = []
        return values.filter { seen.insert($0).inserted }
    }
}
