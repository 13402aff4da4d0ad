import MQCore

/// Records for the standard input of a command.
final class RecordBuffer: ByteSink {
    let isTerminal = false
    private(set) var bytes: [UInt8] = []

    func write(_ bytes: UnsafeRawBufferPointer, stop: StopFlag) -> OutputStream.Written {
        self.bytes.append(contentsOf: bytes)
        return OutputStream.Written(bytes: bytes.count, error: nil)
    }

    func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    func removeAll() { bytes.removeAll(keepingCapacity: true) }
}
