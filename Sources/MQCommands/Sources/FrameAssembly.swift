import MQCore

/// Messages of several frames, put together from records.
struct FrameAssembly {
    /// How many records make one message.
    let count: Int
    /// Frames in front of those.
    private let front: (bytes: [UInt8], frames: [Int])
    /// Records of a message that is not complete.
    private(set) var taken = 0
    private var bytes: [UInt8] = []
    private var frames: [Int] = []

    /// - Parameters:
    ///   - first: a frame in front of every message.
    ///   - hasDelimiter: whether an empty frame follows that one, or is the first.
    init(count: Int = 1, first: [UInt8]? = nil, hasDelimiter: Bool = false) {
        self.count = count
        front = (first ?? [], (first.map { [$0.count] } ?? []) + (hasDelimiter ? [0] : []))
    }

    /// Appends a message to `batch` once its last record has come.
    /// - Parameter properties: what the record says of itself beside its body: frames of its own, for instance.
    /// - Returns: whether that was the last.
    mutating func add(_ record: UnsafeRawBufferPointer, _ properties: MessageProperties? = nil, to batch: inout Batch) -> Bool {
        if taken == 0 {
            bytes.removeAll(keepingCapacity: true)
            frames.removeAll(keepingCapacity: true)
            bytes += front.bytes
            frames += front.frames
        }
        bytes += record
        frames += properties?.frames ?? [record.count]
        taken += 1
        guard taken == count else { return false }
        taken = 0
        batch.append(bytes)
        var whole = properties ?? MessageProperties()
        whole.frames = frames.count > 1 ? frames : nil
        batch.setProperties(whole)
        return true
    }

    /// What is wrong with an end of the input here, if anything.
    var incompleteness: TransportError? {
        guard taken > 0 else { return nil }
        return TransportError(.malformed, "the input ends after \(taken) of its \(count) frames")
    }
}
