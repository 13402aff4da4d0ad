import MQCore

/// Says what is wrong with the sequence numbers of a feed: the first findings one by one, everything in a sum at the end.
final class SequenceWatch {
    private var count: SequenceCount
    private let console: Console
    private var said = 0

    /// Findings that are said one by one.
    static let most = 10

    init(_ place: SequencePlace, console: Console) { (count, self.console) = (SequenceCount(place), console) }

    func look(at batch: borrowing Batch, _ range: Range<Int>) {
        for index in range {
            let frames = batch.frames(of: index)
            if let (finding, topic) = count.take(batch.bytes(of: index), frames: frames) { say(finding, of: topic) }
        }
    }

    private func say(_ finding: SequenceCount.Finding, of topic: [UInt8]) {
        said += 1
        guard said <= Self.most, !console.settings.isQuiet else { return }
        let place = topic.isEmpty ? "" : " in \(String(printing: topic))"
        let sentence: String, kind: String, numbers: [(String, UInt64)]
        switch finding {
        case .gap(let missing, let after, let before):
            sentence = "gap\(place): \(Quantity.count(Int(clamping: missing), "message")) missing between \(after) and \(before)"
            (kind, numbers) = ("gap", [("missing", missing), ("after", after), ("before", before)])
        case .duplicate(let number):
            sentence = "duplicate\(place): \(number) came again"
            (kind, numbers) = ("duplicate", [("number", number)])
        case .stepBack(let to, let from):
            sentence = "step back\(place): \(to) came after \(from)"
            (kind, numbers) = ("step-back", [("number", to), ("after", from)])
        }
        console.line("warning", sentence) { json in
            json.member("finding", kind)
            json.member("topic", String(printing: topic))
            for (key, number) in numbers {
                json.key(key)
                json.value(number: "\(number)")
            }
        }
        if said == Self.most { console.warn("further gaps, duplicates and steps back are only counted") }
    }

    /// The sum, at the end.
    func sum() {
        guard !console.settings.isQuiet else { return }
        var parts = [
            "\(Quantity.count(count.gaps, "gap")) (\(Quantity.grouped(Int(clamping: count.missing))) missing)",
            Quantity.count(count.duplicates, "duplicate"),
            "\(Quantity.grouped(count.stepsBack)) \(count.stepsBack == 1 ? "step" : "steps") back",
        ]
        if count.unnumbered > 0 { parts.append("\(Quantity.grouped(count.unnumbered)) without a number") }
        if count.unwatched > 0 {
            parts.append("\(Quantity.grouped(count.unwatched)) of topics beyond the first \(Quantity.grouped(SequenceCount.mostTopics))")
        }
        let topics = count.topicCount.map { ", " + Quantity.count($0, "topic") } ?? ""
        console.line("info", "\(Quantity.count(count.messages, "message"))\(topics): \(parts.joined(separator: ", "))") { json in
            json.key("sequence")
            json.open("{")
            for (key, number) in [
                ("messages", count.messages), ("topics", count.topicCount ?? 0), ("gaps", count.gaps),
                ("missing", Int(clamping: count.missing)),
                ("duplicates", count.duplicates), ("steps-back", count.stepsBack), ("unnumbered", count.unnumbered),
                ("unwatched", count.unwatched),
            ] {
                json.member(key, number)
            }
            json.close("}")
        }
    }
}
