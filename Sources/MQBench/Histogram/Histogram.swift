/// A high dynamic range histogram (Gil Tene, HdrHistogram): counts of values from 1 to 2⁶² with three significant digits
/// at every magnitude, in memory that does not grow.
///
/// Values are nanoseconds here. Recording is an index and an addition.
public struct Histogram: Sendable, Equatable {
    /// log2 of the sub-buckets for three digits: 2 × 10³, rounded up to 2048.
    static let subBucketBits = 11
    static let subBuckets = 1 << subBucketBits
    private static let half = subBuckets / 2
    /// Magnitudes up to an hour in nanoseconds (2⁴²) and beyond, to 2⁵⁰.
    private static let buckets = 50 - subBucketBits + 1
    static let length = (buckets + 1) * half

    private(set) var counts: [UInt64]
    /// Values recorded.
    public private(set) var count = 0
    /// The lowest value; `Int.max` while there is none.
    public private(set) var minimum = Int.max
    /// The highest value.
    public private(set) var maximum = 0
    private var sum = 0.0

    /// No value.
    public init() { counts = [UInt64](repeating: 0, count: Self.length) }

    /// From counts that were written elsewhere: the extremes and the mean are known to three digits only.
    init(counts: [UInt64]) {
        precondition(counts.count == Self.length, "one count for every index")
        self.counts = counts
        // Nearly all are 0.
        var index = 0
        while index < Self.length {
            let times = counts[index]
            defer { index += 1 }
            if times == 0 { continue }
            if count == 0 { minimum = Self.lowest(at: index) }
            maximum = Self.highest(at: index)
            count += Int(times)
            sum += Double(Self.middle(at: index)) * Double(times)
        }
    }

    /// From buckets that were counted elsewhere, whose exact extremes and sum are known.
    init(buckets: some Sequence<(Int, Int)>, minimum: Int, maximum: Int, sum: Double) {
        self.init()
        for (index, times) in buckets where counts.indices.contains(index) && times > 0 {
            counts[index] += UInt64(times)
            count += times
        }
        if count > 0 { (self.minimum, self.maximum, self.sum) = (minimum, maximum, sum) }
    }

    static func index(of value: Int) -> Int {
        let bucket = max(0, Int.bitWidth - value.leadingZeroBitCount - subBucketBits)
        let sub = value >> bucket
        return (bucket + 1) * half + sub - half
    }

    /// The lowest value counted at `index`.
    static func lowest(at index: Int) -> Int {
        let bucket = index / half - 1
        return bucket < 0 ? index : (index % half + half) << bucket
    }

    /// The highest value that is not told apart from the lowest.
    static func highest(at index: Int) -> Int {
        let bucket = max(0, index / half - 1)
        return lowest(at: index) + (1 << bucket) - 1
    }

    /// What stands for a bucket in a sum: HdrHistogram's "median equivalent value".
    static func middle(at index: Int) -> Int { (lowest(at: index) + highest(at: index) + 1) / 2 }

    /// Counts one value; a negative one is a mistake of the caller, one beyond the range counts as the highest.
    public mutating func record(_ value: Int, times: Int = 1) {
        precondition(value >= 0, "time does not run backwards")
        let index = min(Self.index(of: value), Self.length - 1)
        counts[index] += UInt64(times)
        count += times
        sum += Double(value) * Double(times)
        if value < minimum { minimum = value }
        if value > maximum { maximum = value }
    }

    /// Adds the values of another histogram.
    public mutating func merge(_ other: Histogram) {
        for index in counts.indices where other.counts[index] > 0 { counts[index] += other.counts[index] }
        count += other.count
        sum += other.sum
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
    }

    /// Whether no value was recorded.
    public var isEmpty: Bool { count == 0 }
    /// Of the values as they were recorded, not of their buckets; 0 without values.
    public var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// The value at or below which `share` (0 to 1) of all values lie, to three digits; never above the true maximum.
    public func value(at share: Double) -> Int {
        value(rank: max(1, Int((share * Double(count)).rounded(.up))))
    }

    /// The value of that place in order, the first being 1; the highest for places beyond the last.
    func value(rank wanted: Int) -> Int {
        guard count > 0 else { return 0 }
        var seen = 0
        for index in counts.indices where counts[index] > 0 {
            seen += Int(counts[index])
            if seen >= wanted { return max(minimum, min(Self.highest(at: index), maximum)) }
        }
        return maximum
    }

    /// Every bucket with something in it: the values it spans, and how many.
    public var nonEmpty: [(range: ClosedRange<Int>, count: Int)] {
        counts.indices.compactMap { index in
            counts[index] > 0 ? (Self.lowest(at: index)...Self.highest(at: index), Int(counts[index])) : nil
        }
    }
}
