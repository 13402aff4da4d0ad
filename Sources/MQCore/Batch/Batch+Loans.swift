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
