internal import Glibc
internal import MQCore

/// A page of numbers that the workers and the one who watches them share, across processes: one slot a worker, written once
/// a batch and read four times a second, and one for how many messages there are to come.
///
/// `@unchecked Sendable`: every number is an aligned word with one writer; a reader that sees an old one reads again.
final class SharedCounters: @unchecked Sendable {
    static let slots = 500
    private static let bytes = 4096
    /// Behind the workers' slots: all messages that will ever be sent, once known; 0 before.
    private static let expectedSlot = 511
    private static let stopSlot = 510

    let descriptor: CInt
    private let base: UnsafeMutablePointer<Int>

    /// Makes the page, in a file without a name.
    init() throws(TransportError) {
        var template = Array("/tmp/mq-bench-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkstemp($0.baseAddress!) }
        guard made >= 0 else { throw TransportError(.inputOutput, "no temporary file: \(SystemError.words(errno))", errno: errno) }
        unlink(template)
        _ = fcntl(made, F_SETFD, FD_CLOEXEC)
        guard ftruncate(made, off_t(Self.bytes)) == 0 else {
            throw TransportError(.inputOutput, "no shared memory: \(SystemError.words(errno))", errno: errno)
        }
        descriptor = made
        base = try Self.map(made)
    }

    /// Uses the page of another process.
    init(inherited descriptor: CInt) throws(TransportError) {
        self.descriptor = descriptor
        base = try Self.map(descriptor)
    }

    deinit {
        munmap(base, Self.bytes)
        close(descriptor)
    }

    private static func map(_ descriptor: CInt) throws(TransportError) -> UnsafeMutablePointer<Int> {
        let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let address, address != MAP_FAILED else {
            throw TransportError(.inputOutput, "no shared memory: \(SystemError.words(errno))", errno: errno)
        }
        return address.bindMemory(to: Int.self, capacity: bytes / 8)
    }

    subscript(slot: Int) -> Int {
        get { base[slot] }
        set { base[slot] = newValue }
    }

    var expected: Int {
        get { base[Self.expectedSlot] }
        set { base[Self.expectedSlot] = newValue }
    }

    /// Asks every worker to end.
    var isStopped: Bool {
        get { base[Self.stopSlot] != 0 }
        set { base[Self.stopSlot] = newValue ? 1 : 0 }
    }

    func sum(_ slots: Range<Int>) -> Int { slots.reduce(0) { $0 + base[$1] } }
}
