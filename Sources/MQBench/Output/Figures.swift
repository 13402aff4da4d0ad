import Glibc
import MQCore

/// Figures for people: no more digits than their doubt leaves, and never more than three.
enum Figures {
    /// `12.3µs`. `doubt` in seconds.
    static func time(_ seconds: Double, doubt: Double = 0) -> String {
        scaled(seconds, doubt: doubt, units: [(0, "s"), (-3, "ms"), (-6, "µs"), (-9, "ns")])
    }

    /// `701k`. `doubt` in the same unit.
    static func amount(_ value: Double, doubt: Double = 0) -> String {
        scaled(value, doubt: doubt, units: [(9, "G"), (6, "M"), (3, "k"), (0, "")])
    }

    /// `11.2`, `0.43`, `1640`: without a unit, so that a column has one.
    static func plain(_ value: Double, doubt: Double = 0) -> String {
        let (rounded, place) = rounded(value, doubt: doubt)
        return Quantity.decimal(rounded, digits: max(0, -place))
    }

    /// `±3%`; `<1%` of a spread is `±1%`, since a measurement without any doubt does not exist.
    static func spread(_ share: Double) -> String { "±\(Int(min(999, max(1, (share * 100).rounded(.up)))))%" }

    /// `+3.1%`, `-12%`, `×5.4` where a share has no meaning for the eye any more.
    static func change(_ share: Double) -> String {
        guard share.isFinite else { return "new" }
        if share >= 2 { return "×" + plain(share + 1) }
        let percent = share * 100
        let text = Quantity.decimal(percent, digits: abs(percent) < 9.95 ? 1 : 0)
        return (text.hasPrefix("-") ? "" : "+") + text + "%"
    }

    /// Message sizes in powers of 1024, as they are typed.
    static func size(_ bytes: Int) -> String {
        for (factor, unit) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] where bytes >= factor && bytes % factor == 0 {
            return "\(bytes / factor) \(unit)"
        }
        return "\(bytes) B"
    }

    private static func scaled(_ value: Double, doubt: Double, units: [(exponent: Int, name: String)]) -> String {
        let (rounded, place) = rounded(value, doubt: doubt)
        guard rounded > 0 else { return "0" + (units.last?.name ?? "") }
        let unit = units.first { rounded >= power($0.exponent) * 0.999_999 } ?? units[units.count - 1]
        return Quantity.decimal(rounded / power(unit.exponent), digits: min(9, max(0, unit.exponent - place))) + unit.name
    }

    /// The value rounded to its last digit that means something, and the power of ten of that digit.
    private static func rounded(_ value: Double, doubt: Double) -> (Double, place: Int) {
        guard value > 0, value.isFinite else { return (0, 0) }
        // What rounds up to the next power of ten has a digit more in front.
        let magnitude = floorLog(value * 1.0005)
        var place = magnitude - 2
        if doubt > 0, doubt.isFinite { place = min(max(place, floorLog(doubt * 1.000_001)), magnitude) }
        return ((value / power(place)).rounded() * power(place), place)
    }

    private static func floorLog(_ value: Double) -> Int { Int(log10(value).rounded(.down)) }
    private static func power(_ exponent: Int) -> Double { pow(10, Double(exponent)) }
}
