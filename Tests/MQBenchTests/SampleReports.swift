import MQBench
import Testing

/// Reports for a test, shown by their name: all that stands in a report takes seconds to print.
struct SampleReports: CustomTestStringConvertible {
    let name: String
    let reports: [BenchReport]
    var testDescription: String { name }

    init(_ name: String, _ reports: BenchReport...) { (self.name, self.reports) = (name, reports) }
}
