import MQCore

/// Answers each request at once: with itself, or always with the same.
final class AnswerWork: Work {
    private let desk: ReplyDesk
    /// `nil` sends back what came.
    private let text: [UInt8]?
    private var answered: [Range<Int>] = []

    let gap = Batch.Gap()
    var needsProperties: Bool { text == nil }

    init(_ text: [UInt8]?, at desk: ReplyDesk) { (self.text, self.desk) = (text, desk) }

    func begin(_ batch: inout Batch, _ range: Range<Int>, at position: Int, stop: StopFlag) -> Begun {
        for index in range {
            let place = position + index - range.lowerBound
            do throws(TransportError) {
                if let text { try desk.answer(place, text) } else { try desk.answer(place, with: batch, index) }
            } catch {
                return Begun(messages: index - range.lowerBound, error: error)
            }
            answered.add(place..<place + 1)
        }
        return Begun(messages: range.count)
    }

    func collect(_ verdicts: inout [Verdict], _ lull: Lull) throws(TransportError) {
        for range in answered { verdicts.append(Verdict(range, .done)) }
        answered.removeAll(keepingCapacity: true)
    }
}
