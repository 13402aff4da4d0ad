import Glibc
import MQCore
import ZMTP

/// What goes to one peer, in blocks: written, still to be written, and, where the peer says what it takes, not confirmed.
struct Output {
    enum Progress: Equatable {
        case done
        /// The kernel takes no more for now.
        case blocked
        case broken
    }

    private(set) var blocks: [FrameBlock] = []
    /// The first block with something to be written.
    private var next = 0
    /// Messages given on this connection so far.
    private(set) var given: UInt64 = 0
    /// Bytes given since the last `noteReceipt`.
    private(set) var bytesSinceReceipt = 0
    /// Whether what was written is kept until a receipt comes.
    var retains = false
    let pool: BlockPool

    init(_ pool: BlockPool) { self.pool = pool }

    var isWritten: Bool { next >= blocks.count || (next == blocks.count - 1 && blocks[next].isWritten) }

    /// Messages that were not written to their end.
    var unsentMessages: Int {
        var count = 0
        for block in blocks[min(next, blocks.count)...] { count += block.unsentMessages }
        return count
    }

    /// Bytes that are still to be written.
    var unsentBytes: Int { blocks[min(next, blocks.count)...].reduce(0) { $0 + $1.unsentBytes } }

    // MARK: Giving

    /// The block at the end, one with room for so many bytes.
    private mutating func tail(_ bytes: Int) -> FrameBlock {
        if let last = blocks.last, last.hasRoom(for: bytes) { return last }
        let block = pool.take()
        block.first = given
        blocks.append(block)
        return block
    }

    /// - Parameter floor: the number, in the order of sending, of the first message.
    mutating func give(_ batch: borrowing Batch, _ range: Range<Int>, floor: Int) {
        var index = range.lowerBound
        while index < range.upperBound {
            let block = tail(64)
            let (bytes, count) = (block.length, block.append(batch, index..<range.upperBound))
            if count > 0 && block.messages == count { block.floor = floor + index - range.lowerBound }
            bytesSinceReceipt += block.length - bytes
            given += UInt64(count)
            index += count
            if count == 0 { addBlock() }
        }
    }

    private mutating func addBlock() {
        let block = pool.take()
        block.first = given
        blocks.append(block)
    }

    mutating func give(_ body: UnsafeRawBufferPointer, frames: [Int]?, floor: Int) {
        let block = tail(body.count + 9 * (frames?.count ?? 1))
        let bytes = block.length
        if block.messages == 0 { block.floor = floor }
        block.append(body, frames: frames)
        bytesSinceReceipt += block.length - bytes
        given += 1
    }

    /// One message, with frames in front of its own.
    mutating func give(_ body: UnsafeRawBufferPointer, frames: [Int]?, behind path: ReturnPath) {
        let block = tail(body.count + path.bytes.count + 9 * (path.frames.count + (frames?.count ?? 1)))
        let bytes = block.length
        block.append(body, frames: frames, behind: path)
        bytesSinceReceipt += block.length - bytes
        given += 1
    }

    /// The frames of one message as they came, with others in front.
    mutating func give(message frames: UnsafeRawBufferPointer, behind path: ReturnPath) {
        let block = tail(frames.count + path.bytes.count + 9 * path.frames.count)
        let bytes = block.length
        block.append(message: frames, behind: path)
        bytesSinceReceipt += block.length - bytes
        given += 1
    }

    /// Takes over a block of messages that another peer did not get.
    mutating func adopt(_ block: FrameBlock) {
        block.first = given
        given += UInt64(block.messages)
        bytesSinceReceipt += block.length
        // What is behind it must not be appended to a block before it.
        if let last = blocks.last, last.isEmpty { blocks.removeLast() }
        next = min(next, blocks.count)
        blocks.append(block)
    }

    mutating func give(command: [UInt8]) { tail(command.count).append(command: command) }

    /// What a connection begins with.
    mutating func give(preamble bytes: [UInt8]) { tail(bytes.count).append(preamble: bytes) }

    mutating func noteReceipt() { bytesSinceReceipt = 0 }

    // MARK: Writing

    /// Pieces of one system call.
    private static let mostPieces = 64

    /// Writes what the kernel takes.
    mutating func write(to descriptor: CInt) -> Progress {
        while true {
            while next < blocks.count - 1 && blocks[next].isWritten { pass() }
            guard next < blocks.count, !blocks[next].isWritten else {
                settle()
                return .done
            }
            let count = withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.mostPieces) { pieces in
                var used = 0
                for block in blocks[next...].prefix(4) {
                    block.forEachUnsent { piece in
                        pieces[used] = iovec(iov_base: UnsafeMutableRawPointer(mutating: piece.baseAddress), iov_len: piece.count)
                        used += 1
                        return used < pieces.count
                    }
                    if used == pieces.count { break }
                }
                var message = msghdr()
                (message.msg_iov, message.msg_iovlen) = (pieces.baseAddress, used)
                return sendmsg(descriptor, &message, CInt(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                return errno == EAGAIN ? .blocked : .broken
            }
            var left = count
            for block in blocks[next...] where left > 0 {
                let part = min(left, block.unsentBytes)
                block.sent(part)
                left -= part
            }
        }
    }

    /// The block at `next` was written: it is kept, or not.
    private mutating func pass() {
        if retains { next += 1 } else { pool.give(blocks.remove(at: next)) }
    }

    /// Everything was written.
    private mutating func settle() {
        guard let last = blocks.last, !retains || last.messages == 0 else { return }
        pool.give(last)
        blocks.removeLast()
        next = max(0, min(next, blocks.count - 1))
    }

    // MARK: Receipts

    /// The peer has taken its first `count` messages.
    mutating func release(upTo count: UInt64) {
        while let block = blocks.first, block.isWritten, block.first + UInt64(block.messages) <= count {
            pool.give(blocks.removeFirst())
            next = max(0, next - 1)
        }
    }

    /// Keeps no more what was written.
    mutating func stopRetaining() {
        retains = false
        for block in blocks.prefix(next) { pool.give(block) }
        blocks.removeFirst(min(next, blocks.count))
        next = 0
        if isWritten { settle() }
    }

    /// Takes away every message behind the first `kept` of this connection, in fresh blocks without commands.
    mutating func takeBack(from kept: UInt64) -> [FrameBlock] {
        var fresh: [FrameBlock] = []
        for block in blocks {
            var passed = kept > block.first ? Int(kept - block.first) : 0
            var own: FrameBlock?
            block.messages(behind: passed) { frames in
                if own?.hasRoom(for: frames.count) != true {
                    let made = pool.take()
                    // The numbers of a block's messages rise, so that each has at least that of the first and one for each between.
                    made.floor = block.floor + passed
                    own = made
                    fresh.append(made)
                }
                own?.append(message: frames)
                passed += 1
            }
            pool.give(block)
        }
        (blocks, next) = ([], 0)
        return fresh
    }

    /// How many messages were written to their end on this connection.
    var written: UInt64 { given - UInt64(unsentMessages) }
}
