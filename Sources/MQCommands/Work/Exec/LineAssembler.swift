/// Makes whole lines of what comes in pieces, each behind a tag.
struct LineAssembler {
    /// A longer line is broken, so that what never ends its line does not fill the memory.
    static let longest = 1 << 20

    /// In front of each line.
    var tag: [UInt8] = []
    private var partial: [UInt8] = []

    /// Appends the lines that are whole now.
    mutating func add(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        guard let last = bytes.lastIndex(of: 0x0a) else { return keep(bytes, &output) }
        let whole = UnsafeRawBufferPointer(rebasing: bytes[...last])
        if tag.isEmpty {
            output.append(contentsOf: partial)
            output.append(contentsOf: whole)
        } else {
            var rest = whole[...]
            while let end = rest.firstIndex(of: 0x0a) {
                output.append(contentsOf: tag)
                output.append(contentsOf: partial)
                partial.removeAll(keepingCapacity: true)
                output.append(contentsOf: rest[...end])
                rest = rest[(end + 1)...]
            }
        }
        partial.removeAll(keepingCapacity: true)
        keep(UnsafeRawBufferPointer(rebasing: bytes[(last + 1)...]), &output)
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer, _ output: inout [UInt8]) {
        partial.append(contentsOf: bytes)
        if partial.count >= Self.longest { finish(to: &output) }
    }

    /// Ends a line that has no end, so that the next does not go on in it.
    mutating func finish(to output: inout [UInt8]) {
        if partial.isEmpty { return }
        output.append(contentsOf: tag)
        output.append(contentsOf: partial)
        output.append(0x0a)
        partial.removeAll(keepingCapacity: partial.count < 1 << 16)
    }
}
