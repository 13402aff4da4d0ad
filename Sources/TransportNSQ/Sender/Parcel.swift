internal import MQCore

/// Commands that publish, with their bodies, kept until nsqd has answered all of them.
final class Parcel {
    /// One MPUB, or one DPUB for each message.
    var bytes: [UInt8] = []
    /// How many messages it stands for, those included that were taken out of it.
    var count = 0
    /// The number of its first message, in order of sending.
    var first = 0
    /// Where each DPUB ends in `bytes`; empty for an MPUB.
    var ends: [Int] = []
    /// How many of the DPUBs were answered; of an MPUB, all messages at once.
    var answered = 0
    /// How many connections have not answered yet: more than one when every nsqd gets a copy.
    var awaited = 0
    /// One message that is larger than any that nsqd has taken, and nothing beside it.
    var isProbe = false
    /// The size of that message.
    var largest = 0
    /// How often a connection broke at it.
    var attempts = 0

    /// Messages that nsqd has for certain, from the front.
    var confirmed: Int { awaited == 0 ? count : ends.isEmpty ? 0 : answered }

    func removeAll() {
        // What a single large message took is not kept.
        bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 18)
        ends.removeAll(keepingCapacity: true)
        (count, answered, awaited, isProbe, attempts) = (0, 0, 0, false, 0)
    }

    /// Bytes that were not answered yet, to be sent again.
    var unanswered: [UInt8] { answered == 0 ? bytes : Array(bytes[ends[answered - 1]...]) }

    /// Takes every message of an MPUB out that has more bytes than `limit`.
    /// - Returns: number and size of each.
    func remove(above limit: Int) -> [(position: Int, size: Int)] {
        guard ends.isEmpty, let line = bytes.firstIndex(of: 0x0a) else { return [] }
        var removed: [(position: Int, size: Int)] = []
        var kept = Array(bytes[...line])
        var body = MultiPublish(continuing: &kept)
        var place = line + 9
        var index = 0
        while place + 4 <= bytes.count {
            let size = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            let message = place + 4..<place + 4 + size
            if size > limit {
                removed.append((first + index, size))
            } else {
                bytes.withUnsafeBytes { body.add(UnsafeRawBufferPointer(rebasing: $0[message]), into: &kept) }
            }
            (place, index) = (message.upperBound, index + 1)
        }
        if removed.isEmpty { return [] }
        body.finish(&kept)
        bytes = kept
        if body.count == 0 { awaited = 0 }
        return removed
    }
}
