import Glibc
import MQCore

/// Lines of numbers about one queue, one after another: gauges as they are, counters as their growth a second.
struct StatWatch {
    static let standardWidth = 80
    /// Lines between two headers.
    private static let page = 24

    private let descriptor: Descriptor
    private let isJSON: Bool
    private let width: Int
    private var lines = 0
    private var keys: [String] = []
    private var rows = Rows([.init("TIME", least: 8)])
    private var previous: (time: Int64, counters: [String: Int])?
    private var note: String?

    init(_ descriptor: Descriptor, isJSON: Bool, width: Int = StatWatch.standardWidth) {
        self.descriptor = descriptor
        self.isJSON = isJSON
        self.width = width
    }

    /// What standard output has room for: a wide terminal shows more than a file would be read with.
    static var outputWidth: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? max(standardWidth, Int(size.ws_col)) : standardWidth
    }

    /// What to print for `status`, taken at `time` in nanoseconds since 1970; a header first where it is due.
    /// - Throws: never but for a number that JSON cannot write.
    mutating func lines(_ status: QueueStatus, at time: Int64) throws(TransportError) -> String {
        let rates = rates(status, at: time)
        var counters: [String: Int] = [:]
        for fact in status.facts { if case .counter(let count) = fact.value { counters[fact.key] = count } }
        defer {
            previous = (time, counters)
            lines += 1
        }
        if isJSON { return try json(status, rates, time).line() }
        if lines == 0 { choose(status) }
        let widths = rows.widths()
        let cells = keys.map { cell(status[$0], rates[$0]) }
        return (lines % Self.page == 0 ? rows.header(widths) : "") + rows.line([Timestamp.formatted(time, "%H:%M:%S")] + cells, widths)
    }

    /// What a person should know once.
    mutating func takeNote() -> String? {
        defer { note = nil }
        return note
    }

    /// Growth a second since the line before; none for the first, and none where a counter began anew.
    private func rates(_ status: QueueStatus, at time: Int64) -> [String: Double] {
        guard let previous, time > previous.time else { return [:] }
        var result: [String: Double] = [:]
        for fact in status.facts {
            guard case .counter(let count) = fact.value, let before = previous.counters[fact.key], count >= before else { continue }
            result[fact.key] = Double(count - before) * 1e9 / Double(time - previous.time)
        }
        return result
    }

    /// The columns of the whole run: the transport names its facts in the order of their importance.
    private mutating func choose(_ status: QueueStatus) {
        var missing = 0
        for fact in status.facts {
            let heading: String
            switch fact.value {
            case .number, .bytes: heading = fact.key.uppercased()
            case .counter: heading = fact.key.uppercased() + "/S"
            default: continue
            }
            rows.columns.append(.init(heading, isNumeric: true, least: 7))
            if rows.width() <= width {
                keys.append(fact.key)
            } else {
                rows.removeLastColumn()
                missing += 1
            }
        }
        if missing > 0 { note = "\(missing) more \(missing == 1 ? "number does" : "numbers do") not fit; --json has them" }
    }

    private func cell(_ value: Fact.Value?, _ rate: Double?) -> String {
        switch value {
        case .number(let number): number.magnitude < 1_000_000 ? "\(number)" : Quantity.short(Double(number))
        case .bytes(let bytes): bytes < 1_000_000 ? "\(bytes)" : Quantity.short(Double(bytes))
        case .counter: rate.map { Quantity.short($0) } ?? "-"
        default: "-"
        }
    }

    private func json(_ status: QueueStatus, _ rates: [String: Double], _ time: Int64) -> JSONTree {
        var members = [JSONMember(key: "time", value: .string(Timestamp.text(time)))] + Administration.members(of: status, descriptor)
        for fact in status.facts {
            guard case .counter = fact.value else { continue }
            let rate = rates[fact.key].map { JSONTree.number(Quantity.decimal($0, digits: 3)) }
            members.append(JSONMember(key: fact.key + "_per_second", value: rate ?? .null))
        }
        return .object(members)
    }
}
