import MQCore

extension Console {
    /// Messages that would be lost otherwise, a line of JSON each, under a heading.
    func rescue(_ batch: borrowing Batch, _ range: Range<Int>, _ heading: String) {
        warn(heading)
        var json = JSONText()
        for index in range {
            json.removeAll()
            Envelope.encode(batch.bytes(of: index), batch.properties(of: index), into: &json)
            rescue(json.bytes)
        }
    }
}
