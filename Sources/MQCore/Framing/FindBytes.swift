import Glibc

/// memmem(3), which the Glibc module does not show.
func findBytes(_ needle: [UInt8], in base: UnsafeRawPointer, _ count: Int) -> UnsafeRawPointer? {
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
