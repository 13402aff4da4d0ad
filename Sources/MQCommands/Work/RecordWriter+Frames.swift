import MQCore

extension RecordWriter {
    /// Writes messages whose frames are to be shown in a way of their own.
    func write(_ batch: inout Batch, _ range: Range<Int>, as output: FrameOutput, stop: StopFlag) -> Result {
        var (end, refusal) = (range.upperBound, TransportError?.none)
        var shown = Batch(gap: recordGap)
        // How many records there are behind each message.
        var ends: [Int] = []
        for index in range {
            let whole = batch.properties(of: index).frames ?? [batch.size(of: index)]
            let (frames, isAsAsked) = output.frames(of: whole)
            if let complaint = complaint(frames, isAsAsked, output),
                let error = object("message \(number(of: index, in: range)) \(complaint)")
            {
                (end, refusal) = (index, error)
                break
            }
            if output.count == nil {
                var properties = batch.properties(of: index)
                properties.frames = frames.count > 1 ? frames : nil
                batch.replaceProperties(of: index, with: properties)
            } else {
                var place = 0
                for size in frames {
                    shown.append(UnsafeRawBufferPointer(rebasing: batch.bytes(of: index)[place..<place + size]))
                    place += size
                }
            }
            ends.append(shown.count)
        }
        var result: Result
        if output.count == nil {
            result = writeRecords(&batch, range.lowerBound..<end, stop: stop)
        } else {
            result = writeRecords(&shown, 0..<shown.count, stop: stop)
            result.messages = ends.prefix { $0 <= result.messages }.count
        }
        if result.error == nil { result.error = refusal }
        return result
    }

    /// What is not as it was asked for.
    private func complaint(_ frames: [Int], _ isAsAsked: Bool, _ output: FrameOutput) -> String? {
        if !isAsAsked { return "has no empty frame in front of its body" }
        guard let count = output.count, frames.count != count else { return nil }
        return "has \(Quantity.count(frames.count, "frame")), not \(Quantity.grouped(count))"
    }
}
