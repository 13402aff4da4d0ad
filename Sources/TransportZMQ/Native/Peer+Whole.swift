import MQCore
import ZMTP

extension Peer {
    /// Takes messages that are there, as their frames came, until something else is next.
    /// - Parameter pass: is given each message and its bytes, headers included.
    /// - Returns: how many, and their bytes without headers; and whether there is nothing else now, which a scan would find.
    func takeWhole(
        _ limit: Int, _ byteLimit: Int, _ pass: (FrameScanner.Whole, UnsafeRawBufferPointer) -> Void
    ) -> (count: Int, size: Int, isAll: Bool) {
        var (count, size) = (0, 0)
        defer { taken += UInt64(count) }
        while true {
            let bytes = input.unread
            var (place, isPartial) = (0, false)
            scan: while count < limit, size < byteLimit {
                switch scanner.glance(bytes, from: place) {
                case .whole(let whole):
                    pass(whole, UnsafeRawBufferPointer(rebasing: bytes[place..<place + whole.length]))
                    (place, count, size) = (place + whole.length, count + 1, size + whole.payload)
                case .partial:
                    isPartial = true
                    break scan
                case .other: break scan
                }
            }
            input.consume(place)
            // What is large is read to where it stays.
            guard isPartial, input.unread.count < byteLimit else { return (count, size, false) }
            switch read() {
            case .bytes: session.heard(at: Deadline.now())
            case .blocked: return (count, size, true)
            case .ended: return (count, size, false)
            }
        }
    }
}
