import MQCore

/// Where two bodies differ first, as a person is shown it.
struct BodyDifference {
    /// Of both, from here on at most, so that what differs is seen with what stands around it.
    private static let (before, width) = (24, 72)

    /// Counted from 1; one behind the end of a body that goes on in the other.
    let byte: Int
    let details: [String]

    /// `nil` when they are equal.
    init?(expected: [UInt8], received: UnsafeRawBufferPointer) {
        let common = zip(expected, received).prefix { $0 == $1 }.count
        if common == expected.count && common == received.count { return nil }
        byte = common + 1
        let received = Array(received)
        let start = max(0, common - Self.before)
        let parts = [expected, received].map { Self.whole($0, from: start) }
        let isText = parts.allSatisfy { $0.text != nil }
        details = zip(["expected", "received"], zip(parts, [expected, received])).map { name, part in
            let (window, body) = part
            let shown = isText ? window.text! : Self.hex(window.bytes)
            let (front, back) = (window.start > 0 ? "…" : "", window.start + window.bytes.count < body.count ? "…" : "")
            return "\(name): \(front)\(shown)\(back)" + (body.isEmpty ? "(nothing)" : "")
        }
    }

    /// A part of a body that cuts no character in two.
    private static func whole(_ body: [UInt8], from start: Int) -> (start: Int, bytes: ArraySlice<UInt8>, text: String?) {
        var (low, high) = (min(start, body.count), min(start + width, body.count))
        func isInside(_ place: Int) -> Bool { place > 0 && place < body.count && body[place] & 0xc0 == 0x80 }
        for _ in 0..<3 where isInside(low) { low -= 1 }
        for _ in 0..<3 where isInside(high) { high -= 1 }
        let bytes = body[low..<max(low, high)]
        let isPlain = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d }
        return (low, bytes, isPlain ? String(validating: bytes, as: UTF8.self) : nil)
    }

    /// A part of a body for a person: as text where it is some.
    static func shown(_ body: [UInt8]) -> String {
        let window = whole(body, from: 0)
        return (window.text ?? hex(window.bytes)) + (window.bytes.count < body.count ? "…" : "")
    }

    private static func hex(_ bytes: ArraySlice<UInt8>) -> String { bytes.map { Hex.text([$0]) }.joined(separator: " ") }
}
