import MQCore

/// How far a run that broke off came, and how to go on.
extension SendSession {
    func withResumption(_ error: TransportError) -> TransportError {
        var error = error
        // Refusals that nobody has asked for yet are records that did not arrive.
        do throws(TransportError) {
            try handle(sender.takeRejections())
        } catch let refusal {
            error.details.append(console.remedies.worded(refusal, at: address.address.short).sentence)
        }
        ledger.confirm(upTo: sender.confirmed)
        error.details += resumption(isInterrupted: false)
        return error
    }

    /// The sentences that say how far it came and how to go on; none when nothing can be gone on with.
    /// - Parameter isInterrupted: no record was to blame, nor the sender.
    func resumption(isInterrupted: Bool) -> [String] {
        let acknowledges = address.descriptor.capabilities.contains(.acknowledge)
        let word = acknowledges ? "acknowledged" : ledger.hasOutstanding ? "known to have arrived" : "sent"
        let done = min(ledger.base, refused?.position ?? .max) - refusedCount
        let first = refused?.entry ?? ledger.first ?? nextRecord
        let unit = hasWords ? "messages" : "records"
        guard hasWords || recordsSeen > 0 else { return [] }
        let isAll = isInterrupted && done == recordsSeen && first.record > recordsSeen
        var text = isAll ? "all \(done) \(unit) that were read are \(word)" : "\(done) of \(max(recordsSeen, first.record)) \(unit) \(word)"
        text += "; the \(isAll ? "next" : "first not \(word)") is \(hasWords ? "message" : "record") \(first.record)"
        guard !hasWords, plan.framing != .whole else { return [text] }
        return [
            text + " (byte \(first.offset))",
            "resume with: tail -c +\(first.offset + 1) \(InputName.shellWord) | \(InputName.command)",
        ]
    }
}
