import MQCore

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

    /// For programs.
    var tree: JSONTree {
        switch self {
        case .text(let text): .string(text)
        case .number(let number), .counter(let number), .bytes(let number), .identifier(let number): .integer(number)
        case .time(let time): time == 0 ? .null : .string(Timestamp.text(time))
        case .mode: .string(text)
        case .flag(let flag): .bool(flag)
        }
    }
}
