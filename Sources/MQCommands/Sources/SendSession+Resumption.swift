import MQCore

/// How far a run that broke off came, and how to go on.
extension SendSession {
    /// The sentences that say how far it came and how to go on; none when nothing can be gone on with.
    ///
    /// Counts are for people and grouped; the numbers of a record and a byte are names, to be pasted.
    /// - Parameter isInterrupted: no record was to blame, nor the sender.
    func resumption(isInterrupted: Bool) -> [String] {
        guard hasWords || messagesRead > 0 else { return [] }
        let firstOpen = delivery.firstOpen
        let place = (firstOpen < messagesRead ? ledger.place(of: firstOpen) : nil) ?? (firstOpen, nextOffset)
        let acknowledges = address.descriptor.capabilities.contains(.acknowledge)
        let word = acknowledges ? "acknowledged" : delivery.inDoubt > 0 ? "known to have arrived" : "sent"
        let name = "\(noun) \(place.position + 1)"
        let done = Quantity.grouped(delivery.acknowledged)
        var text: String
        if isInterrupted || delivery.isBroken, delivery.acknowledged == messagesRead, place.position >= messagesRead {
            text =
                messagesRead == 1
                ? "the one \(noun) that was read is \(word); the next is \(name)"
                : "all \(Quantity.count(messagesRead, noun)) that were read are \(word); the next is \(name)"
        } else {
            let count = max(messagesRead, place.position + 1)
            let all = hasWords ? Quantity.count(count, "message") : "\(Quantity.grouped(count)) read"
            text = "\(done) \(word) of \(all); the first not \(word) is \(name)"
        }
        guard !hasWords, plan.framing != .whole else { return [text] + repeated }
        text += " (byte \(place.offset))"
        // At a record that cannot be read, the next run would fail again.
        var offset = place.offset
        if malformed.isNext && place.position == messagesRead {
            guard let end = malformed.end else { return [text] + repeated }
            offset = end
            text += ", behind which it goes on"
        }
        return [text] + repeated + ["resume with: tail -c +\(offset + 1) \(InputName.shellWord) | \(InputName.command)"]
    }

    /// What several records make is none of them.
    private var noun: StaticString { hasWords || plan.frames?.count ?? 1 > 1 ? "message" : "record" }

    /// What would arrive twice.
    private var repeated: [String] {
        let count = delivery.repeatedByResuming
        guard count > 0 else { return [] }
        return ["going on there sends up to \(Quantity.count(count, noun)) again that may have arrived"]
    }
}
