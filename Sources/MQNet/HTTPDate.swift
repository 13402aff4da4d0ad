internal import Glibc

/// Moments as HTTP writes them (RFC 9110, section 5.6.7), in whole seconds since 1970.
public enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads all three forms: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
    /// - Parameter now: seconds since 1970; a year of two digits is not more than fifty years ahead of it.
    /// - Returns: `nil` for everything else.
    public static func seconds(_ text: String, now: Int64) -> Int64? {
        guard text.utf8.count < 64 else { return nil }
        let words = text.split(separator: " ").map(String.init)
        switch words.count {
        case 6 where words[5] == "GMT" && words[0].hasSuffix(","): return seconds(words[3], words[2], words[1], words[4])
        case 5 where words[0].utf8.count == 3: return seconds(words[4], words[1], words[2], words[3])
        case 4 where words[3] == "GMT" && words[0].hasSuffix(","):
            let parts = words[1].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, parts[2].utf8.count == 2, let short = number(parts[2]) else { return nil }
            let thisYear = 1970 + Int(now / 31_556_952)
            var year = thisYear / 100 * 100 + short
            if year > thisYear + 50 { year -= 100 }
            return seconds("\(year)", parts[1], parts[0], words[2])
        default: return nil
        }
    }

    private static func seconds(_ year: String, _ month: String, _ day: String, _ clock: String) -> Int64? {
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map { $0.utf8.count == 2 ? number(String($0)) ?? -1 : -1 }
        guard year.utf8.count == 4, let year = number(year), let month = months.firstIndex(of: month), let day = number(day),
            (1...31).contains(day), parts.count == 3, (0...23).contains(parts[0]), (0...59).contains(parts[1]), (0...60).contains(parts[2])
        else { return nil }
        var date = tm()
        (date.tm_year, date.tm_mon, date.tm_mday) = (CInt(year - 1900), CInt(month), CInt(day))
        (date.tm_hour, date.tm_min, date.tm_sec) = (CInt(parts[0]), CInt(parts[1]), CInt(parts[2]))
        return Int64(timegm(&date))
    }

    private static func number(_ digits: String) -> Int? {
        guard (1...4).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(digits)
    }
}
