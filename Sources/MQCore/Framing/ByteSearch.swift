import Glibc

/// Bytes within bytes.
public enum ByteSearch {
    /// memmem(3), which the Glibc module does not show.
    /// - Parameter needle: not empty.
    static func find(_ needle: [UInt8], in base: UnsafeRawPointer, _ count: Int) -> UnsafeRawPointer? {
        var start = base
        let end = base + count
        while start + needle.count <= end,
            let found = memchr(start, CInt(needle[0]), start.distance(to: end) - needle.count + 1)
        {
            if memcmp(found, needle, needle.count) == 0 { return UnsafeRawPointer(found) }
            start = UnsafeRawPointer(found) + 1
        }
        return nil
    }

    /// Where `needle`, which is not empty, first stands in `bytes`, by the indices of `bytes`.
    public static func range(of needle: [UInt8], in bytes: ArraySlice<UInt8>) -> Range<Int>? {
        bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress, let found = find(needle, in: base, raw.count) else { return nil }
            let start = bytes.startIndex + UnsafeRawPointer(base).distance(to: found)
            return start..<start + needle.count
        }
    }
}
