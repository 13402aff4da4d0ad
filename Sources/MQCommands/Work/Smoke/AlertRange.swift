import MQCore

/// What a number may be, as plugins of Nagios write it: `10`, `10:20`, `~:10`, `@10:20`; warning and critical divided by a comma.
///
/// Of two plain numbers the second is critical; where it is the smaller one, little is bad.
struct AlertRange: Sendable, Equatable {
    /// Alerts outside of `low…high`, or inside.
    struct Part: Sendable, Equatable {
        var low = 0.0
        var high = Double.infinity
        var alertsInside = false
        /// As it is printed behind a figure.
        var text: String

        func alerts(_ value: Double) -> Bool { (low...high).contains(value) == alertsInside }
    }

    let warning: Part?
    let critical: Part

    /// - Parameters:
    ///   - flag: as it was typed.
    ///   - unit: reads a number; of a duration, in seconds.
    /// - Throws: `usage` with the place of what is wrong.
    init(parsing text: String, _ flag: String, _ unit: (String) -> Double?) throws(TransportError) {
        let pieces = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        func failure(_ place: Int, _ words: String) -> TransportError {
            TransportError(
                .usage, "\(flag) '\(text)', character \(place + 1): \(words)", hint: "\(flag) 100, \(flag) 100,1000, \(flag) 10:,1:")
        }
        guard pieces.count <= 2 else { throw failure(pieces[0].count + pieces[1].count + 1, "two ranges at most, warning and critical") }
        var (parts, numbers, place) = ([Part](), [Double](), 0)
        for piece in pieces {
            if let number = unit(piece) {
                numbers.append(number)
                parts.append(Part(high: number, text: Self.figure(number)))
            } else {
                parts.append(
                    try Self.part(piece) { offset, words in
                        failure(place + offset, words)
                    } unit: {
                        unit($0)
                    })
            }
            place += piece.count + 1
        }
        if numbers.count == 2, numbers[1] < numbers[0] {
            parts = numbers.map { Part(low: $0, text: "\(Self.figure($0)):") }
        }
        (warning, critical) = parts.count == 2 ? (parts[0], parts[1]) : (nil, parts[0])
    }

    private static func part(
        _ text: String, _ failure: (Int, String) -> TransportError, unit: (String) -> Double?
    ) throws(TransportError) -> Part {
        let isInside = text.hasPrefix("@")
        let body = isInside ? String(text.dropFirst()) : text
        let start = isInside ? 1 : 0
        let ends = body.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var part = Part(alertsInside: isInside, text: "")
        if ends.count == 1 {
            guard let high = unit(body) else { throw failure(start, body.isEmpty ? "a number is missing" : "'\(body)' is not a range") }
            part.high = high
        } else {
            if ends[0] == "~" {
                part.low = -.infinity
            } else if !ends[0].isEmpty {
                guard let low = unit(ends[0]) else { throw failure(start, "'\(ends[0])' is not a number") }
                part.low = low
            }
            if !ends[1].isEmpty {
                guard let high = unit(ends[1]) else { throw failure(start + ends[0].count + 1, "'\(ends[1])' is not a number") }
                part.high = high
            }
        }
        guard part.low <= part.high else { throw failure(start, "the range ends before it begins") }
        let (low, high) = (part.low == -.infinity ? "~" : figure(part.low), part.high == .infinity ? "" : figure(part.high))
        part.text = (isInside ? "@" : "") + (part.low == 0 && !high.isEmpty ? high : "\(low):\(high)")
        return part
    }

    /// Without an exponent, which plugins may not print.
    private static func figure(_ number: Double) -> String {
        if let whole = Int(exactly: number) { return "\(whole)" }
        let digits = Quantity.decimal(number, digits: 9)
        return String(digits.dropLast(digits.reversed().prefix { $0 == "0" }.count))
    }

    func state(_ value: Double) -> CheckResult.State {
        critical.alerts(value) ? .critical : warning?.alerts(value) == true ? .warning : .ok
    }
}
