public import MQCore

/// Message sizes as a person writes them: `100`, `16,1k,64k`, or a sweep `16:64k:x4`.
public enum SizeList {
    /// - Throws: `usage`.
    public static func parse(_ text: String) throws(TransportError) -> [Int] {
        var sizes: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) { sizes += try parse(part: String(part)) }
        var seen = Set<Int>()
        return sizes.filter { seen.insert($0).inserted }
    }

    private static func parse(part: String) throws(TransportError) -> [Int] {
        let fields = part.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let low = try size(fields[0], part)
        if fields.count == 1 { return [low] }
        guard fields.count == 3, fields[2].hasPrefix("x"), let factor = Double(fields[2].dropFirst()), factor >= 1.1, factor <= 1e6 else {
            throw TransportError(.usage, "--size '\(part)' is not a sweep", hint: "from:to:xFACTOR, as in 16:64k:x4")
        }
        let high = try size(fields[1], part)
        guard low <= high else {
            throw TransportError(.usage, "--size '\(part)' ends before it begins", hint: "from:to:xFACTOR, as in 16:64k:x4")
        }
        var sizes: [Int] = []
        var next = Double(low)
        while Int(next.rounded()) <= high {
            sizes.append(Int(next.rounded()))
            next *= factor
        }
        return sizes
    }

    private static func size(_ text: String, _ part: String) throws(TransportError) -> Int {
        guard let bytes = Quantity.bytes(text), bytes <= 1 << 30 else {
            throw TransportError(.usage, "--size '\(part)' is not a size", hint: "100, 1k, 64KiB; several with commas")
        }
        guard bytes >= BenchPlan.smallestMessage else {
            throw TransportError(
                .usage,
                "--size \(bytes): a message of a benchmark has at least \(BenchPlan.smallestMessage) bytes, for its number and its time")
        }
        return bytes
    }
}

extension BenchPlan {
    /// A number and a time of eight bytes each.
    public static var smallestMessage: Int { Stamp.smallest }
}
