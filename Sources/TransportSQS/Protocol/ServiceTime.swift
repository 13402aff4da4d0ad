internal import Glibc

/// Moments as AWS writes them in its replies.
enum ServiceTime {
    /// Seconds since 1970 of `2025-01-31T12:00:00Z`, with or without a fraction and an offset; `nil` for anything else.
    static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes[4] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let seconds = seconds(year, month, day, clock: bytes[11..<19])
        else { return nil }
        var tail = bytes[19...]
        if tail.first == UInt8(ascii: ".") { tail = tail.dropFirst().drop { (0x30...0x39).contains($0) } }
        guard let sign = tail.first, sign != UInt8(ascii: "Z") else { return tail.count <= 1 ? seconds : nil }
        let digits = tail.dropFirst().filter { $0 != UInt8(ascii: ":") }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), digits.count == 4, let offset = number(digits[...]) else {
            return nil
        }
        let shift = Int64(offset / 100 * 3600 + offset % 100 * 60)
        return sign == UInt8(ascii: "+") ? seconds - shift : seconds + shift
    }

    /// - Parameter clock: `12:00:00`.
    private static func seconds(_ year: Int, _ month: Int, _ day: Int, clock: ArraySlice<UInt8>) -> Int64? {
        let parts = clock.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { number($0) ?? -1 }
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day), parts.count == 3,
            (0...23).contains(parts[0]), (0...59).contains(parts[1]), (0...60).contains(parts[2])
        else { return nil }
        var date = tm()
        (date.tm_year, date.tm_mon, date.tm_mday) = (CInt(year - 1900), CInt(month - 1), CInt(day))
        (date.tm_hour, date.tm_min, date.tm_sec) = (CInt(parts[0]), CInt(parts[1]), CInt(parts[2]))
        return Int64(timegm(&date))
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...4).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
