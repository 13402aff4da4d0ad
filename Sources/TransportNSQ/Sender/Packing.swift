internal import MQCore

/// How messages become parcels.
struct Packing: Sendable {
    let topic: String
    /// The delay of a message that says nothing else.
    let delay: Duration?

    /// More gains nothing: nsqd's own work is then all there is.
    static let maximumBytes = 1 << 16
    static let maximumMessages = 1000
    static let maximumDelay = Duration.seconds(3600)

    /// Fills an empty parcel from the front of `range`. A message of more bytes than `largest` goes alone.
    /// - Returns: how many messages it took; at least one.
    func fill(_ parcel: Parcel, from batch: borrowing Batch, _ range: Range<Int>, largest: Int = .max) -> Int {
        let size = batch.size(of: range.lowerBound)
        (parcel.isProbe, parcel.largest) = (size > largest, size)
        let range = parcel.isProbe ? range.lowerBound..<range.lowerBound + 1 : range
        let delay = batch.hasProperties ? batch.properties(of: range.lowerBound).delay ?? delay : delay
        if let delay, delay > .zero { return fillDelayed(parcel, from: batch, range, largest) }
        return fillPlain(parcel, from: batch, range, largest)
    }

    private func fillPlain(_ parcel: Parcel, from batch: borrowing Batch, _ range: Range<Int>, _ largest: Int) -> Int {
        let hasDelays = batch.hasProperties
        let end = min(range.upperBound, range.lowerBound + Self.maximumMessages)
        var bytes: [UInt8] = []
        swap(&bytes, &parcel.bytes)
        var body = MultiPublish(to: topic, into: &bytes)
        var index = range.lowerBound
        while index < end {
            let message = batch.bytes(of: index)
            if index > range.lowerBound {
                if bytes.count + MultiPublish.overhead + message.count > Self.maximumBytes || message.count > largest { break }
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

    private func fillDelayed(_ parcel: Parcel, from batch: borrowing Batch, _ range: Range<Int>, _ largest: Int) -> Int {
        let end = min(range.upperBound, range.lowerBound + Self.maximumMessages)
        for index in range.lowerBound..<end {
            guard let delay = (batch.hasProperties ? batch.properties(of: index).delay : nil) ?? delay, delay > .zero else { break }
            let size = batch.size(of: index)
            if !parcel.bytes.isEmpty && (parcel.bytes.count + size > Self.maximumBytes || size > largest) { break }
            Command.publish(batch.bytes(of: index), to: topic, after: delay, into: &parcel.bytes)
            parcel.ends.append(parcel.bytes.count)
        }
        parcel.count = parcel.ends.count
        return parcel.count
    }
}
