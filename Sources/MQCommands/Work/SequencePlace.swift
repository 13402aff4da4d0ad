import MQCore

/// Where in each message of a feed its sequence number stands.
struct SequencePlace: Sendable, Equatable {
    /// How the number is written: its bytes with the lowest or the highest first, or decimal digits.
    enum Form: String, CaseIterable, Sendable { case le32, le64, be32, be64, text }

    /// Counted from 1.
    var frame: Int
    var offset = 0
    var form: Form

    static let examples = ["frame=3,le32", "frame=2,be64", "frame=1,offset=4,le32", "frame=2,text"]
    private static let hint = "--seq frame=3,le32; le32, le64, be32, be64 or text, and offset=BYTES"

    /// - Throws: `usage`.
    init(parsing text: String) throws(TransportError) {
        var (frame, offset, form) = (Int?.none, Int?.none, Form?.none)
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let number = pair.count == 2 ? Quantity.integer(String(pair[1])) : nil
            if pair[0] == "frame", frame == nil, let number, number >= 1 {
                frame = number
            } else if pair[0] == "offset", offset == nil, let number, number >= 0 {
                offset = number
            } else if pair.count == 1, form == nil, let known = Form(rawValue: String(part)) {
                form = known
            } else {
                throw TransportError(.usage, "--seq '\(text)': '\(part)' is not understood there", hint: Self.hint)
            }
        }
        guard let frame, let form else {
            throw TransportError(
                .usage, "--seq '\(text)' does not say \(frame == nil ? "which frame" : "how the number is written")", hint: Self.hint)
        }
        (self.frame, self.offset, self.form) = (frame, offset ?? 0, form)
    }

    /// The number of a message; `nil` where there is none at this place.
    /// - Parameter frames: the lengths of its frames.
    func number(in bytes: UnsafeRawBufferPointer, frames: [Int]) -> UInt64? {
        guard frame <= frames.count else { return nil }
        let start = frames[..<(frame - 1)].reduce(0, +)
        guard offset <= frames[frame - 1] else { return nil }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[(start + offset)..<(start + frames[frame - 1])])
        switch form {
        case .le32: return rest.count < 4 ? nil : UInt64(UInt32(littleEndian: rest.loadUnaligned(as: UInt32.self)))
        case .be32: return rest.count < 4 ? nil : UInt64(UInt32(bigEndian: rest.loadUnaligned(as: UInt32.self)))
        case .le64: return rest.count < 8 ? nil : UInt64(littleEndian: rest.loadUnaligned(as: UInt64.self))
        case .be64: return rest.count < 8 ? nil : UInt64(bigEndian: rest.loadUnaligned(as: UInt64.self))
        case .text: return Self.digits(rest)
        }
    }

    /// The decimal number at the front.
    private static func digits(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        var number: UInt64?
        for byte in bytes {
            guard (0x30...0x39).contains(byte) else { break }
            let (product, isLarge) = (number ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, isLarger) = product.addingReportingOverflow(UInt64(byte - 0x30))
            if isLarge || isLarger { return nil }
            number = sum
        }
        return number
    }

    /// How far it is from one number to another: numbers of 32 bits go on at 0 behind the last.
    func step(from last: UInt64, to next: UInt64) -> Int64 {
        switch form {
        case .le32, .be32: Int64(Int32(truncatingIfNeeded: next &- last))
        case .le64, .be64, .text: Int64(bitPattern: next &- last)
        }
    }
}
