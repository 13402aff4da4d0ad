internal import MQCore

/// Commands that publish, with their bodies, kept until nsqd has answered all of them.
final class Parcel {
    /// One MPUB, or one DPUB for each message.
    var bytes: [UInt8] = []
    /// How many messages it holds.
    var count = 0
    /// Where each DPUB ends in `bytes`; empty for an MPUB.
    var ends: [Int] = []
    /// How many of the DPUBs were answered; of an MPUB, all messages at once.
    var answered = 0
    /// How many connections have not answered yet: more than one when every nsqd gets a copy.
    var awaited = 0

    /// Messages that nsqd has for certain, from the front.
    var confirmed: Int { awaited == 0 ? count : ends.isEmpty ? 0 : answered }

    func removeAll() {
        // What a single large message took is not kept.
        bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 18)
        ends.removeAll(keepingCapacity: true)
        (count, answered, awaited) = (0, 0, 0)
    }

    /// Bytes that were not answered yet, to be sent again.
    var unanswered: [UInt8] { answered == 0 ? bytes : Array(bytes[ends[answered - 1]...]) }
}

/// How messages become parcels.
struct Packing: Sendable {
    let topic: String
    /// The delay of a message that says nothing else.
    let delay: Duration?

    /// More gains nothing: nsqd's own work is then all there is.
    static let maximumBytes = 1 << 16
    static let maximumMessages = 1000
    static let maximumDelay = Duration.seconds(3600)

    /// Fills an empty parcel from the front of `range`.
    /// - Returns: how many messages it took; at least one.
    func fill(_ parcel: Parcel, from batch: borrowing Batch, _ range: Range<Int>) -> Int {
        let delay = batch.hasProperties ? batch.properties(of: range.lowerBound).delay ?? delay : delay
        if let delay, delay > .zero { return fillDelayed(parcel, from: batch, range) }
        return fillPlain(parcel, from: batch, range)
    }

    private func fillPlain(_ parcel: Parcel, from batch: borrowing Batch, _ range: Range<Int>) -> Int {
        let hasDelays = batch.hasProperties
        let end = min(range.upperBound, range.lowerBound + Self.maximumMessages)
        var bytes: [UInt8] = []
        swap(&bytes, &parcel.bytes)
        var body = MultiPublish(to: topic, into: &bytes)
        var index = range.lowerBound
        while index < end {
            let message = batch.bytes(of: index)
            if index > range.lowerBound {
                if bytes.count + MultiPublish.overhead + message.count > Self.maximumBytes { break }
                if hasDelays, let delay = batch.properties(of: index).delay ?? delay, delay > .zero { break }
            }
            body.add(message, into: &bytes)
            index += 1
        }
        body.finish(&bytes)
        swap(&bytes, &parcel.bytes)
        parcel.count = index - range.lowerBound
        return parcel.count
    }

    private func fillDelayed(_ parcel: Parcel, from batch: borrowing Batch, _ range: Range<Int>) -> Int {
        let end = min(range.upperBound, range.lowerBound + Self.maximumMessages)
        for index in range.lowerBound..<end {
            guard let delay = (batch.hasProperties ? batch.properties(of: index).delay : nil) ?? delay, delay > .zero else { break }
            if !parcel.bytes.isEmpty && parcel.bytes.count + batch.size(of: index) > Self.maximumBytes { break }
            Command.publish(batch.bytes(of: index), to: topic, after: delay, into: &parcel.bytes)
            parcel.ends.append(parcel.bytes.count)
        }
        parcel.count = parcel.ends.count
        return parcel.count
    }
}
