/// A place between two frames of a block, and the way to the next.
struct FrameWalk {
    /// Bytes before it that are in the block, and bodies that are not.
    private(set) var here = 0
    private(set) var loans = 0
    /// Bytes before it in all.
    private(set) var bytes = 0
    /// Messages that end before it.
    private(set) var messages = 0

    /// The beginning.
    init() {}

    /// Behind bytes at the front that are no frames.
    init(behind preamble: Int) { (here, bytes) = (preamble, preamble) }

    /// Goes on behind one frame, which is whole.
    /// - Returns: its header, or `nil` at the end.
    mutating func step(over block: FrameBlock) -> FrameHeader? {
        guard here < block.filled,
            case .header(let header) = FrameHeader.read(UnsafeRawBufferPointer(start: block.base + here, count: block.filled - here))
        else { return nil }
        here += header.length
        if loans < block.loans.count, block.loans[loans].place == here, header.size > 0 {
            loans += 1
        } else {
            here += header.size
        }
        bytes += header.length + header.size
        if !header.hasMore && !header.isCommand { messages += 1 }
        return header
    }
}
