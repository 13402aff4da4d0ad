internal import Glibc
internal import Synchronization

/// The memory of a batch. While some of it is lent the batch goes on in another block.
final class BatchBlock: @unchecked Sendable {
    // Unchecked: one thread owns the batch and with it every block it has used; it writes to a block only while nothing is lent.
    // Other threads read what is lent, and say through the atomic counter when they no longer do.
    let base: UnsafeMutableRawPointer
    let capacity: Int
    private let lent = Atomic<Int>(0)
    /// Which of the batch's contents it holds, and how much of them; the owner's alone.
    var contents = (generation: -1, size: 0)

    init(capacity: Int) {
        self.capacity = capacity
        guard let memory = malloc(capacity + Batch.reserveBefore) else { OutOfMemory.end(capacity) }
        base = memory + Batch.reserveBefore
    }

    deinit { free(base - Batch.reserveBefore) }

    var isLent: Bool { lent.load(ordering: .acquiring) != 0 }

    /// Keeps itself alive until as many messages have been given back.
    func lend(_ count: Int) -> Unmanaged<BatchBlock> {
        let isFirst = lent.add(count, ordering: .relaxed).oldValue == 0
        return isFirst ? Unmanaged.passRetained(self) : Unmanaged.passUnretained(self)
    }

    static func giveBack(_ block: Unmanaged<BatchBlock>, _ count: Int) {
        let isLast = block._withUnsafeGuaranteedRef { $0.lent.subtract(count, ordering: .acquiringAndReleasing).newValue == 0 }
        if isLast { block.release() }
    }
}

extension Batch {
    /// Bodies from this many bytes on are worth a loan: a copy of smaller ones costs less than giving them back.
    public static let worthLending = 1024

    /// Whether to lend rather than to copy: the bodies are large, and few bytes beside them are kept from other use meanwhile.
    public var isWorthLending: Bool { !hasLoans && used >= Self.worthLending * count && used * 4 >= capacity }

    /// Promises that `count` messages stay as they are in memory, whatever becomes of the batch, until each is given back: a transport
    /// that sends later need not copy them. The batch goes on in other memory when it is next emptied, refilled or renewed.
    /// - Returns: what `giveBack` wants, on any thread.
    public borrowing func lend(_ count: Int) -> UnsafeMutableRawPointer {
        precondition(!hasLoans, "what is not the batch's own cannot be lent")
        return block.lend(count).toOpaque()
    }

    /// Gives back messages that `lend` lent.
    public static func giveBack(_ lent: UnsafeMutableRawPointer, count: Int = 1) {
        BatchBlock.giveBack(Unmanaged<BatchBlock>.fromOpaque(lent), count)
    }

    /// Makes the messages writable again for an owner that sends them over and over and changes a few bytes each time. Such bytes
    /// may be those of an earlier sending: they must be written anew.
    public mutating func renew() {
        guard block.isLent else { return }
        block.contents = (generation, used)
        let fresh = spares.exchange(block, atLeast: capacity)
        if fresh.contents != (generation, used) {
            fresh.base.copyMemory(from: base, byteCount: used)
            fresh.contents = (generation, used)
        }
        adopt(fresh)
    }

    /// Goes on in memory of which nothing is lent; what was in use there is not copied.
    mutating func leaveLentBlock(atLeast needed: Int) { adopt(spares.exchange(block, atLeast: max(capacity, needed))) }

    mutating func adopt(_ fresh: BatchBlock) { (block, base, capacity) = (fresh, fresh.base, fresh.capacity) }
}
