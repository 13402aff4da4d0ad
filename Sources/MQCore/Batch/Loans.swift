/// Bodies that stay in a transport's own memory until the batch is emptied, for large messages that are only looked at.
struct Loans: ~Copyable {
    typealias Release = @convention(c) (UnsafeMutableRawPointer?) -> CInt

    /// Slots keep their addresses: what is in them may point into itself.
    private var chunks: [UnsafeMutableRawPointer] = []
    var release: Release?
    /// The message of each.
    var places: [Int] = []

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

    mutating func removeAll() {
        giveBack()
        places.removeAll(keepingCapacity: true)
    }

    subscript(number: Int) -> UnsafeMutableRawPointer {
        chunks[number / Self.slotsPerChunk] + number % Self.slotsPerChunk * Batch.loanSize
    }

    mutating func nextSlot() -> UnsafeMutableRawPointer {
        if places.count == chunks.count * Self.slotsPerChunk {
            chunks.append(.allocate(byteCount: Self.slotsPerChunk * Batch.loanSize, alignment: 16))
        }
        return self[places.count]
    }
}
