import Glibc
import MQCore
import Synchronization

/// What a script reads to know that an endpoint is open: a line for each endpoint that listens, by the name under which others find it, or
/// else one with the address.
final class ReadyLine: Sendable {
    private let descriptor: CInt
    private let isWritten = Atomic(false)

    /// Takes the value of `--ready-fd`; `nil` when it is not given.
    /// - Throws: `usage` for a descriptor that is not open, before anything is opened.
    init?(_ number: Int?) throws(TransportError) {
        guard let number else { return nil }
        descriptor = CInt(number)
        let flags = fcntl(descriptor, F_GETFL)
        if flags < 0 {
            throw TransportError(.usage, "--ready-fd \(number): that descriptor is not open", hint: "mq … --ready-fd 3 3>FILE")
        }
        if flags & O_ACCMODE == O_RDONLY {
            throw TransportError(
                .usage, "--ready-fd \(number): that descriptor is open for reading only", hint: "mq … --ready-fd 3 3>FILE")
        }
    }

    func write(_ text: String) {
        isWritten.store(true, ordering: .relaxed)
        let line = Array("\(text)\n".utf8)
        _ = line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    func writeUnlessWritten(_ text: String) { if !isWritten.load(ordering: .relaxed) { write(text) } }
}
