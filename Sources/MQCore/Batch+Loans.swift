/// Bodies that stay in a transport's own memory until the batch is emptied, for large messages that are only looked at.
struct Loans: ~Copyable {
    typealias Release = @convention(c) (UnsafeMutableRawPointer?) -> CInt

    /// Slots keep their addresses: what is in them may point into itself.
    private var chunks: [UnsafeMutableRawPointer] = []
    fileprivate var release: Release?
    /// The message of each.
    fileprivate var places: [Int] = []

    private static let slotsPerChunk = 64

    init() {}

    deinit {
        giveBack()
        for chunk in chunks { chunk.deallocate() }
    }

    private func giveBack() {
        guard let release else { return }
        for number in places.indices { _ = release(self[number]) }
    }

    fileprivate mutating func removeAll() {
        giveBack()
        places.removeAll(keepingCapacity: true)
    }

    fileprivate subscript(number: Int) -> UnsafeMutableRawPointer {
        chunks[number / Self.slotsPerChunk] + number % Self.slotsPerChunk * Batch.loanSize
    }

    fileprivate mutating func nextSlot() -> UnsafeMutableRawPointer {
        if places.count == chunks.count * Self.slotsPerChunk {
            chunks.append(.allocate(byteCount: Self.slotsPerChunk * Batch.loanSize, alignment: 16))
        }
        return self[places.count]
    }
}

extension Batch {
    /// How many bytes a transport has to remember a loan by: a `zmq_msg_t`.
    public static let loanSize = 64

    /// Where the transport puts what it remembers the next loan by, aligned to 16 bytes; to be followed by `commitLoan`, or by nothing.
    public mutating func reserveLoan() -> UnsafeMutableRawPointer { loans.nextSlot() }

    /// Makes a message of bytes that stay where they are until `release`, the same for all loans of a batch, is given the slot.
    public mutating func commitLoan(
        _ bytes: UnsafeMutableRawPointer, _ size: Int, release: @escaping @convention(c) (UnsafeMutableRawPointer?) -> CInt
    ) {
        precondition(takesLoans)
        loans.release = release
        loans.places.append(count)
        loanedBytes += size
        appendSpan(start: bytes - base, end: bytes - base + size)
    }

    var hasLoans: Bool { !loans.places.isEmpty }

    mutating func releaseLoans() {
        guard !loans.places.isEmpty else { return }
        loans.removeAll()
        loanedBytes = 0
    }

    /// Spans count from the batch's own memory, which has moved.
    mutating func moveLoans(by distance: Int) {
        for index in loans.places {
            spans[index].start += distance
            spans[index].end += distance
        }
    }
}
