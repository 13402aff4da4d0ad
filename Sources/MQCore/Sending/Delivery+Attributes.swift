extension Delivery {
    /// As `hand`, with attributes added to each message while it is sent, where the transport carries them: no body is copied, and the
    /// batch is afterwards as it was. A message that cannot take them is sent without.
    public func hand(
        _ batch: inout Batch, _ range: Range<Int>, adding attributes: (_ own: MessageProperties) -> [Attribute], stop: StopFlag
    ) throws(TransportError) -> Int {
        guard descriptor.capabilities.contains(.attributes) else { return try hand(batch, range, stop: stop) }
        var own: [MessageProperties] = []
        for index in range {
            own.append(batch.properties(of: index))
            var properties = own[own.count - 1]
            properties.attributes += attributes(properties)
            batch.replaceProperties(of: index, with: properties)
            if sender.refusal(in: batch, index..<index + 1) != nil { batch.replaceProperties(of: index, with: own[own.count - 1]) }
        }
        defer { for index in range { batch.replaceProperties(of: index, with: own[index - range.lowerBound]) } }
        return try hand(batch, range, stop: stop)
    }
}
