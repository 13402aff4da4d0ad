import MQCore

extension Counters {
    /// `sent 1,284,002 (128 MB)  412k/s  acknowledged 1,283,900  00:00:03`, at most 79 columns.
    func line(verb: String, showsConfirmed: Bool) -> String {
        let seconds = Double(Deadline.now() - start) / 1e9
        let count = messages.load(ordering: .relaxed)
        var text = "\(verb) \(Quantity.grouped(count)) (\(Quantity.size(bytes.load(ordering: .relaxed))))"
        text += "  \(Quantity.short(seconds > 0 ? Double(count) / seconds : 0))/s"
        if showsConfirmed { text += "  acknowledged \(Quantity.grouped(confirmed.load(ordering: .relaxed)))" }
        return text + "  " + elapsed
    }

    /// The time since the start: `00:01:12`.
    var elapsed: String {
        let whole = Int((Deadline.now() - start) / 1_000_000_000)
        return [whole / 3600, whole / 60 % 60, whole % 60].map { String($0).zeroPadded(to: 2) }.joined(separator: ":")
    }
}
