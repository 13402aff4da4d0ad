/// Messages in one growing buffer, with their places in it. Reused, it allocates nothing.
///
/// Two ways to fill it, never mixed between two `removeAll`:
/// - a transport appends bodies (`reserve` and `commit`), each with `gap` bytes kept free around it, which lets
///   the framing of standard output be written in place;
/// - the input side reads raw bytes (`prepareRefill`, `refilled`) and marks the records found in them (`markRecord`),
///   which lets a transport send straight from the bytes that were read.
///
/// `reserveBefore` bytes always exist before every body: the first body's are spare, a later body's hold the end of
/// its predecessor. System V needs them for `mtype`.
public struct Batch: ~Copyable {
    /// Bytes kept free before and after each appended body.
    public struct Gap: Sendable, Equatable {
        /// Bytes in front of a body.
        public var before: Int
        /// Bytes behind a body.
        public var after: Int
        /// A gap of so many bytes on each side.
        public init(before: Int = 0, after: Int = 0) {
            self.before = before
            self.after = after
        }
    }

    @usableFromInline struct Span {
        @usableFromInline var start: Int
        @usableFromInline var end: Int
        @usableFromInline init(start: Int, end: Int) {
            self.start = start
            self.end = end
        }
    }

    /// Bytes before the first body that may be overwritten.
    public static let reserveBefore = 16

    /// Owns the bytes at `base`.
    var block: BatchBlock
    var spares = SpareBlocks()
    /// Changes whenever the batch is emptied.
    var generation = 0
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    /// Bytes in use, gaps included.
    @usableFromInline var used = 0
    @usableFromInline var spans: UnsafeMutablePointer<Span>
    @usableFromInline var spanCapacity: Int
    /// The number of messages.
    @inlinable public var count: Int { filled }
    @usableFromInline var filled = 0
    /// Where the input side goes on looking for records.
    public internal(set) var framed = 0

    /// What is kept free around each body that is appended.
    public let gap: Gap
    /// Whether somebody reads `properties`; a transport fills them only then.
    public var wantsProperties = false
    /// Bodies that stay where a transport has them (`Batch+Loans.swift`).
    var loans = Loans()
    @usableFromInline var loanedBytes = 0
    /// Whether such bodies may be among the messages: the owner reads `bytes(of:)` only, never `image`.
    public var takesLoans = false
    private var propertyList: [MessageProperties] = []

    /// - Parameter byteCapacity: bytes that fit before the batch grows.
    public init(gap: Gap = Gap(), byteCapacity: Int = 1 << 16) {
        self.gap = gap
        block = BatchBlock(capacity: max(byteCapacity, 256))
        (base, capacity) = (block.base, block.capacity)
        spanCapacity = 256
        spans = .allocate(capacity: spanCapacity)
    }

    deinit { spans.deallocate() }

    /// Whether there is no message.
    public var isEmpty: Bool { count == 0 }
    /// The bytes in use, gaps included: what bounds the memory of a batch.
    @inlinable public var byteCount: Int { used + loanedBytes }

    /// The length of one body in bytes.
    @inlinable public func size(of index: Int) -> Int {
        precondition(index >= 0 && index < count)
        return spans[index].end - spans[index].start
    }

    /// The length of all bodies in bytes, gaps not counted.
    public func payloadBytes(_ range: Range<Int>) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        var sum = 0
        for index in range { sum &+= spans[index].end &- spans[index].start }
        return sum
    }

    /// One body, lent.
    @_lifetime(borrow self)
    public func message(_ index: Int) -> RawSpan {
        let span = RawSpan(_unsafeStart: start(of: index), byteCount: size(of: index))
        return _overrideLifetime(span, borrowing: self)
    }

    /// The address of one body, valid until the batch is changed; for the C calls of a transport, which must leave
    /// every byte as it was when they return.
    @inlinable public func start(of index: Int) -> UnsafeMutableRawPointer {
        precondition(index >= 0 && index < count)
        return base + spans[index].start
    }

    /// One body as a buffer, valid until the batch is changed.
    @inlinable public func bytes(of index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start(of: index), count: size(of: index))
    }

    /// Where a body starts, in bytes from the batch's first.
    @inlinable public func offset(of index: Int) -> Int {
        precondition(index >= 0 && index < count)
        return spans[index].start
    }

    /// The properties of one message; empty where none were recorded.
    public func properties(of index: Int) -> MessageProperties {
        index < propertyList.count ? propertyList[index] : MessageProperties()
    }

    /// Whether any message has properties of its own.
    public var hasProperties: Bool { !propertyList.isEmpty }

    /// Forgets every message and keeps the memory.
    public mutating func removeAll() {
        if block.isLent { leaveLentBlock(atLeast: 0) }
        releaseLoans()
        (filled, used, framed) = (0, 0, 0)
        generation += 1
        clearProperties()
    }

    private mutating func clearProperties() {
        if !propertyList.isEmpty { propertyList.removeAll(keepingCapacity: true) }
    }

    @usableFromInline mutating func growBytes(to needed: Int) {
        let fresh = BatchBlock(capacity: max(needed, capacity * 2))
        (fresh.base - Self.reserveBefore).copyMemory(from: base - Self.reserveBefore, byteCount: used + Self.reserveBefore)
        moveLoans(by: base - fresh.base)
        adopt(fresh)
    }

    @inlinable mutating func appendSpan(start: Int, end: Int) {
        if count == spanCapacity { growSpans() }
        (spans + count).initialize(to: Span(start: start, end: end))
        filled += 1
    }

    @usableFromInline mutating func growSpans() {
        let fresh = UnsafeMutablePointer<Span>.allocate(capacity: spanCapacity * 2)
        fresh.moveInitialize(from: spans, count: count)
        spans.deallocate()
        (spans, spanCapacity) = (fresh, spanCapacity * 2)
    }
}

// MARK: - Appending, the receiving side

extension Batch {
    /// Room for one more body of at most `size` bytes; to be followed by `commit`, or by nothing.
    @inlinable public mutating func reserve(_ size: Int) -> UnsafeMutableRawPointer {
        let needed = used + gap.before + size + gap.after
        if needed > capacity { growBytes(to: needed) }
        return base + used + gap.before
    }

    /// Makes a message of the first `size` bytes written to the address that `reserve` gave.
    @inlinable public mutating func commit(_ size: Int) {
        let start = used + gap.before
        appendSpan(start: start, end: start + size)
        used = start + size + gap.after
    }

    /// The properties of the message committed last.
    public mutating func setProperties(_ properties: MessageProperties) {
        while propertyList.count < count - 1 { propertyList.append(MessageProperties()) }
        propertyList.append(properties)
    }

    /// Puts other properties in the place of a message's own; its body stays where it is.
    public mutating func replaceProperties(of index: Int, with properties: MessageProperties) {
        precondition(index >= 0 && index < count)
        while propertyList.count <= index { propertyList.append(MessageProperties()) }
        propertyList[index] = properties
    }

    /// Copies one body to the end.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        let place = reserve(bytes.count)
        if let source = bytes.baseAddress { place.copyMemory(from: source, byteCount: bytes.count) }
        commit(bytes.count)
    }

    /// Copies one body to the end.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        let place = reserve(bytes.count)
        UnsafeMutableRawBufferPointer(start: place, count: bytes.count).copyBytes(from: bytes)
        commit(bytes.count)
    }

    /// Copies messages of another batch to the end, with their properties: one copy of everything from the first body to the last.
    public mutating func append(_ other: borrowing Batch, _ range: Range<Int>) {
        precondition(!other.hasLoans, "what is not the batch's own lies anywhere")
        guard let last = range.last else { return }
        let start = other.offset(of: range.lowerBound)
        let length = other.offset(of: last) + other.size(of: last) - start
        let place = reserve(length)
        place.copyMemory(from: other.start(of: range.lowerBound), byteCount: length)
        let (first, shift) = (count, used + gap.before - start)
        for index in range { appendSpan(start: other.spans[index].start + shift, end: other.spans[index].end + shift) }
        used += gap.before + length + gap.after
        guard hasProperties || other.hasProperties else { return }
        while propertyList.count < first { propertyList.append(MessageProperties()) }
        for index in range { propertyList.append(other.properties(of: index)) }
    }

    /// Everything from the first byte to the last, gaps included: framed output, once the gaps are written.
    public var image: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: used) }
}

// MARK: - Marking, the input side

extension Batch {
    /// Forgets the messages, moves the bytes that belong to no record yet to the front, and gives room for at least `minimum` more.
    public mutating func prepareRefill(minimum: Int) -> UnsafeMutableRawBufferPointer {
        let (rest, old) = (used - framed, block)
        if old.isLent {
            leaveLentBlock(atLeast: rest + minimum)
            base.copyMemory(from: old.base + framed, byteCount: rest)
        } else if framed > 0, rest > 0 {
            base.copyMemory(from: base + framed, byteCount: rest)
        }
        (used, framed, filled) = (rest, 0, 0)
        generation += 1
        clearProperties()
        if capacity - used < minimum { growBytes(to: used + minimum) }
        return UnsafeMutableRawBufferPointer(start: base + used, count: capacity - used)
    }

    /// Counts bytes that were written into what `prepareRefill` gave.
    public mutating func refilled(_ bytes: Int) {
        precondition(bytes >= 0 && used + bytes <= capacity)
        used += bytes
    }

    /// The bytes that belong to no record yet.
    public var unframed: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + framed, count: used - framed) }

    /// Makes a message of `size` bytes at `offset` into `unframed`, and goes on behind `consumed` of them.
    public mutating func markRecord(offset: Int, size: Int, consumed: Int) {
        precondition(offset >= 0 && size >= 0 && offset + size <= consumed && framed + consumed <= used)
        appendSpan(start: framed + offset, end: framed + offset + size)
        framed += consumed
    }

    /// Drops `consumed` bytes of `unframed` without making a message of them.
    public mutating func skipUnframed(_ consumed: Int) {
        precondition(consumed >= 0 && framed + consumed <= used)
        framed += consumed
    }
}
