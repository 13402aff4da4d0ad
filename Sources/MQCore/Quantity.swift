/// Numbers with units, as a person writes them.
public enum Quantity {
    /// A whole number in decimal, or in hexadecimal with `0x`.
    public static func integer(_ text: String) -> Int? {
        let negative = text.hasPrefix("-")
        let digits = negative ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
        let isHex = digits.hasPrefix("0x") || digits.hasPrefix("0X")
        let body = isHex ? digits.dropFirst(2) : digits
        guard let start = body.utf8.first, start != UInt8(ascii: "+"), start != UInt8(ascii: "-") else { return nil }
        // The sign goes with the digits: the least number has no positive counterpart.
        return Int((negative ? "-" : "") + body, radix: isHex ? 16 : 10)
    }

    /// Bytes: `8192`, `64k`, `1M`, `1MiB` (all powers of 1024), `1MB` (a power of 1000).
    public static func bytes(_ text: String) -> Int? {
        guard let (number, unit) = split(text) else { return nil }
        let factor: Int
        switch unit.lowercased() {
        case "", "b": factor = 1
        case "k", "kib": factor = 1024
        case "m", "mib": factor = 1024 * 1024
        case "g", "gib": factor = 1024 * 1024 * 1024
        case "kb": factor = 1000
        case "mb": factor = 1_000_000
        case "gb": factor = 1_000_000_000
        default: return nil
        }
        if let whole = Int(text.prefix { $0.isWholeNumber && $0.isASCII }), !text.contains(".") {
            let (value, overflow) = whole.multipliedReportingOverflow(by: factor)
            return overflow ? nil : value
        }
        let value = number * Double(factor)
        guard value >= 0, value < 9e18, value.rounded() == value else { return nil }
        return Int(value)
    }

    /// A duration: `250ms`, `10s`, `1.5m`, `2h`, `1d`, `10us`, `5ns`; a bare number is seconds. At most a hundred years.
    public static func duration(_ text: String) -> Duration? {
        guard let (number, unit) = split(text), number >= 0 else { return nil }
        let seconds: Double
        switch unit {
        case "", "s": seconds = number
        case "ms": seconds = number / 1e3
        case "us", "µs": seconds = number / 1e6
        case "ns": seconds = number / 1e9
        case "m", "min": seconds = number * 60
        case "h": seconds = number * 3600
        case "d": seconds = number * 86400
        default: return nil
        }
        guard seconds <= 3.2e9 else { return nil }
        return .nanoseconds(Int64((seconds * 1e9).rounded()))
    }

    /// A number per second: `100`, `2.5k`, `1M` (powers of 1000), `100/s`. Above zero, and finite.
    public static func rate(_ text: String) -> Double? {
        guard let (number, unit) = split(text.hasSuffix("/s") ? String(text.dropLast(2)) : text) else { return nil }
        let factor: Double
        switch unit {
        case "": factor = 1
        case "k": factor = 1e3
        case "M": factor = 1e6
        default: return nil
        }
        let rate = number * factor
        return rate > 0 && rate.isFinite ? rate : nil
    }

    /// An octal file mode, 0 to 0777.
    public static func mode(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x37).contains($0) }), let value = Int(text, radix: 8) else {
            return nil
        }
        return value <= 0o777 ? value : nil
    }

    private static func split(_ text: String) -> (Double, String)? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard !digits.isEmpty, let number = Double(digits) else { return nil }
        return (number, String(text.dropFirst(digits.count)))
    }

    /// `1 message`, `1,200 messages`.
    public static func count(_ value: Int, _ noun: StaticString) -> String { "\(grouped(value)) \(noun)\(value == 1 ? "" : "s")" }

    /// A count with separators: `1,284,002`.
    public static func grouped(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var result = value < 0 ? "-" : ""
        for (offset, digit) in digits.enumerated() {
            if offset > 0 && (digits.count - offset) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return result
    }

    /// Three digits and a unit: `412k`, `1.28M`.
    public static func short(_ value: Double) -> String {
        // What would round up to a thousand of one unit is one of the next.
        for (size, unit) in [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= size * 0.9995 {
            return decimal(value / size, digits: value / size >= 100 ? 0 : value / size >= 10 ? 1 : 2) + unit
        }
        return decimal(value, digits: value == value.rounded() || value >= 100 ? 0 : 1)
    }

    /// Bytes in powers of 1000, as disks and networks count: `128 MB`.
    public static func size(_ bytes: Int) -> String {
        bytes < 1000 ? "\(bytes) B" : short(Double(bytes)).replacingUnit { "\($0) \($1)B" }
    }

    /// A decimal number with a fixed number of digits behind the point.
    public static func decimal(_ value: Double, digits: Int) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        guard value.magnitude * scale < 9e18 else { return "\(value)" }
        let scaled = Int((value.magnitude * scale).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        if digits == 0 { return "\(sign)\(scaled)" }
        return "\(sign)\(scaled / Int(scale))." + String(scaled % Int(scale)).zeroPadded(to: digits)
    }

    /// A duration for people: `250ms`, `1.5s`, `2m`.
    public static func words(_ duration: Duration) -> String {
        let nanoseconds = Double(duration.nanoseconds)
        for (size, unit) in [(3600e9, "h"), (60e9, "m"), (1e9, "s"), (1e6, "ms"), (1e3, "us")] where nanoseconds >= size {
            let value = nanoseconds / size
            return decimal(value, digits: value == value.rounded() ? 0 : 1) + unit
        }
        return "\(Int(nanoseconds))ns"
    }
}

extension String {
    fileprivate func replacingUnit(_ join: (String, String) -> String) -> String {
        guard let last, last.isLetter else { return self }
        return join(String(dropLast()), last == "k" ? "k" : String(last))
    }
}
