internal import Glibc
internal import MQCore

/// A page of numbers that the workers and the one who watches them share, across processes: one slot a worker, written once
/// a batch and read four times a second, and one for how many messages there are to come. Behind it a page for each worker
/// that measures response times, with a coarse histogram of them, and at the end one with how far each consumer is.
///
/// `@unchecked Sendable`: every number is an aligned word with one writer; a reader that sees an old one reads again.
final class SharedCounters: @unchecked Sendable {
    static let slots = 500
    private static let page = 4096
    /// A page that nobody touches takes no memory.
    private static let bytes = page * (slots + 2)
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

    /// Says how far a consumer is: the messages it has received, or, where order is promised, those up to its latest.
    func pass(_ position: Int, slot: Int) { base[Self.page / 8 * (Self.slots + 1) + slot] = position }

    /// How many messages are not under way any more. Where order is promised those before one that came are not, lost or not.
    func passed(_ slots: Range<Int>, isOrdered: Bool) -> Int {
        let first = Self.page / 8 * (Self.slots + 1)
        return slots.reduce(0) { isOrdered ? max($0, base[first + $1]) : $0 + base[first + $1] }
    }

    /// Asks every worker to end.
    var isStopped: Bool {
        get { base[Self.stopSlot] != 0 }
        set { base[Self.stopSlot] = newValue ? 1 : 0 }
    }

    /// Counts a response time of `nanoseconds` into the buckets of a worker.
    func note(_ nanoseconds: UInt64, slot: Int) {
        base[Self.page / 8 * (slot + 1) + Self.bucket(of: nanoseconds)] &+= 1
    }

    /// The smallest time of the bucket at which `share` of all response times of these workers is reached.
    func responsePercentile(_ share: Double, _ slots: Range<Int>) -> UInt64? {
        let counts = (0..<512).map { bucket in slots.reduce(0) { $0 + base[Self.page / 8 * ($1 + 1) + bucket] } }
        let rank = Double(counts.reduce(0, +)) * share
        guard rank > 0 else { return nil }
        var sum = 0
        let found = counts.firstIndex { count in
            sum += count
            return Double(sum) >= rank
        }
        return found.map(Self.start(ofBucket:))
    }

    /// Eight buckets for each power of two: 512 are a page.
    static func bucket(of value: UInt64) -> Int {
        guard value >= 8 else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        return (exponent - 2) * 8 + Int(value >> UInt64(exponent - 3) & 7)
    }

    static func start(ofBucket bucket: Int) -> UInt64 {
        guard bucket >= 8 else { return UInt64(bucket) }
        return UInt64(8 + bucket % 8) << UInt64(bucket / 8 - 1)
    }

    func sum(_ slots: Range<Int>) -> Int { slots.reduce(0) { $0 + base[$1] } }
}
