import MQCore

/// The messages of the command line as batches, as often as asked for.
struct WordReader: ~Copyable {
    /// Where a batch of repeated messages ends.
    private static let messages = 256, bytes = 1 << 16

    private let words: [String]
    private let framing: Framing
    private let repetition: Repetition
    private var assembly: FrameAssembly?
    private var round = 0
    /// In `batch`.
    private var rounds = 0
    private(set) var batch = Batch(byteCapacity: 4096)
    var unknownKeys = UnknownKeys()

    init(_ words: [String], _ framing: Framing, _ repetition: Repetition, assembly: FrameAssembly? = nil) {
        (self.words, self.framing, self.repetition, self.assembly) = (words, framing, repetition, assembly)
    }

    /// Fills `batch` with what comes next. Returns false when there is nothing more, or the flag was raised while a file, which may be a
    /// pipe, kept it waiting.
    mutating func next(stop: StopFlag) throws(TransportError) -> Bool {
        round += rounds
        guard repetition.goesOn(after: round) else { return false }
        // Files may have changed in between; a full batch of words serves again.
        if rounds == 0 || framing == .files || !repetition.goesOn(after: round + rounds - 1) { return try load(stop) }
        return true
    }

    /// As many rounds as make a batch worth sending: over a network each call of the sender is a round trip. Of files, one.
    private mutating func load(_ stop: StopFlag) throws(TransportError) -> Bool {
        batch.removeAll()
        rounds = 0
        repeat {
            guard try loadRound(stop) else { return false }
            rounds += 1
        } while framing != .files && repetition.goesOn(after: round + rounds) && batch.count < Self.messages
            && batch.payloadBytes(0..<batch.count) < Self.bytes
        return true
    }

    private mutating func loadRound(_ stop: StopFlag) throws(TransportError) -> Bool {
        var body: [UInt8] = []
        for (index, word) in words.enumerated() {
            switch framing {
            case .files:
                guard let contents = try LocalFile.contents(of: word, stop: stop) else { return false }
                contents.withUnsafeBytes { add($0) }
            case .jsonl:
                var failure: TransportError?
                var properties = MessageProperties()
                word.rawBytes.withUnsafeBytes { bytes in
                    do throws(TransportError) {
                        properties = try Envelope.decode(bytes, body: &body) { unknownKeys.note($0, of: "message \(index + 1)") }
                    } catch { failure = error }
                }
                if var failure {
                    failure.message = "message \(index + 1): \(failure.message)"
                    throw failure
                }
                body.withUnsafeBytes { add($0, properties) }
            default: if word.isRaw || assembly != nil { word.rawBytes.withUnsafeBytes { add($0) } } else { batch.append(word.utf8) }
            }
        }
        return true
    }

    private mutating func add(_ body: UnsafeRawBufferPointer, _ properties: MessageProperties? = nil) {
        if assembly != nil {
            _ = assembly!.add(body, properties, to: &batch)
        } else {
            batch.append(body)
            if let properties { batch.setProperties(properties) }
        }
    }
}
