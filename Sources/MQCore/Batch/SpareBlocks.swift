/// Blocks that were lent, in the order in which that happened: the first is the next to come back.
struct SpareBlocks {
    private var ring: [BatchBlock] = []
    private var next = 0

    /// Puts `block` in and takes one out that is free and large enough; the caller makes one when there is none.
    mutating func exchange(_ block: BatchBlock, atLeast capacity: Int) -> BatchBlock {
        if next < ring.count, !ring[next].isLent, ring[next].capacity >= capacity {
            let free = ring[next]
            ring[next] = block
            next = (next + 1) % ring.count
            return free
        }
        ring.removeAll { !$0.isLent && $0.capacity < capacity }
        next = min(next, ring.count)
        ring.insert(block, at: next)
        next = (next + 1) % ring.count
        return BatchBlock(capacity: capacity)
    }
}
