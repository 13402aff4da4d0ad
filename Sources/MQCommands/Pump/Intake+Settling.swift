import MQCore

/// What becomes of messages: begun, settled, moved to the dead letters, given back.
extension Intake {
    private var settles: Bool { !limits.peeks && limits.ack != .never }

    /// Has the work begin with what came, except for what was delivered too often.
    func hand(_ indices: Range<Int>) throws(TransportError) {
        guard let deadLetters else { return try begin(indices) }
        var next = indices.lowerBound
        while next < indices.upperBound {
            let isDead = deadLetters.isDue(current.batch, next)
            var end = next + 1
            while end < indices.upperBound && deadLetters.isDue(current.batch, end) == isDead { end += 1 }
            do throws(TransportError) {
                if isDead { try bury(next..<end, of: current) } else { try begin(next..<end) }
            } catch {
                try giveBack(end..<indices.upperBound, of: current)
                throw error
            }
            next = end
        }
    }

    /// - Throws: why the work can do no more, after what it has not begun was given back.
    private func begin(_ indices: Range<Int>) throws(TransportError) {
        let parcel = current
        let isSettled = settles && limits.ack == .before
        if isSettled { try settle(indices, of: parcel, as: .acknowledge) }
        let begun = work.begin(&parcel.batch, indices, at: parcel.first + indices.lowerBound, stop: stop)
        let end = indices.lowerBound + begun.messages
        parcel.begin(indices.lowerBound..<end)
        open += begun.messages
        if begun.error != nil || stop.isRaised {
            unbegun.append((parcel, end..<indices.upperBound, isSettled))
        } else {
            try giveBack(end..<indices.upperBound, of: parcel, isSettled: isSettled)
        }
        if let error = begun.error { throw error }
    }

    // MARK: - Verdicts

    func act(on verdict: Verdict) throws(TransportError) {
        var rest = verdict.positions
        while !rest.isEmpty {
            let place = place(of: rest.lowerBound)
            let parcel = place.map { parcels[$0] } ?? current
            let part = rest.clamped(to: parcel.positions)
            precondition(!part.isEmpty, "a verdict for a message that is not under way")
            let indices = parcel.index(of: part.lowerBound)..<parcel.index(of: part.upperBound)
            parcel.close(indices)
            open -= part.count
            rest = part.upperBound..<rest.upperBound
            defer { if let place, parcel.open == 0 { retire(place) } }
            try act(on: verdict.fate, indices, of: parcel)
        }
    }

    private func act(on fate: Verdict.Fate, _ indices: Range<Int>, of parcel: Parcel) throws(TransportError) {
        switch fate {
        case .done:
            done += indices.count
            counters.add(messages: indices.count, bytes: parcel.batch.payloadBytes(indices))
            if settles && limits.ack == .after { try settle(indices, of: parcel, as: .acknowledge) }
        case .again(let delay): try giveBack(indices, of: parcel, after: delay ?? .zero)
        case .refused(let error):
            if deadLetters != nil { return try bury(indices, of: parcel) }
            console.warn("\(Quantity.count(indices.count, "message")) given up: \(error.message)")
            if settles { try settle(indices, of: parcel, as: .acknowledge) }
        case .stop(let error):
            try giveBack(indices, of: parcel)
            throw error
        }
    }

    /// The place among the full parcels of the one that has a position; `nil` for the one in use.
    private func place(of position: Int) -> Int? {
        if position >= current.first { return nil }
        var (low, high) = (0, parcels.count)
        while low < high {
            let middle = (low + high) / 2
            if parcels[middle].positions.upperBound <= position { low = middle + 1 } else { high = middle }
        }
        return low < parcels.count ? low : nil
    }

    private func settle(_ indices: Range<Int>, of parcel: Parcel, as settlement: Settlement) throws(TransportError) {
        try receiver.settle(parcel.first + indices.lowerBound..<parcel.first + indices.upperBound, as: settlement)
    }

    // MARK: - Going elsewhere

    /// Moves or drops what was delivered too often, and settles what is safe.
    private func bury(_ indices: Range<Int>, of parcel: Parcel) throws(TransportError) {
        let verdict = deadLetters!.take(indices, of: parcel.batch)
        for done in verdict.done { try settle(done, of: parcel, as: .acknowledge) }
        for rest in verdict.rest { try giveBack(rest, of: parcel) }
        if let error = verdict.error { throw error }
    }

    /// What was taken from the queue and not dealt with: back to it where the transport can, else to standard error.
    private func giveBack(
        _ indices: Range<Int>, of parcel: Parcel, isSettled: Bool = false, after delay: Duration = .zero
    ) throws(TransportError) {
        if indices.isEmpty || limits.peeks { return }
        if !isSettled && address.descriptor.capabilities.contains(.requeue) {
            return try settle(indices, of: parcel, as: .requeue(after: delay))
        }
        console.endProgress()
        console.rescue(parcel.batch, indices, "\(indices.count) received but not written, here as JSON:")
    }

    /// What the work did not begin with.
    func giveBackUnbegun() throws(TransportError) {
        for (parcel, indices, isSettled) in unbegun { try giveBack(indices, of: parcel, isSettled: isSettled) }
        unbegun.removeAll()
    }

    /// Everything that is under way.
    func giveBackOpen() throws(TransportError) {
        for parcel in parcels + [current] {
            for run in parcel.openRuns {
                parcel.close(run)
                open -= run.count
                try giveBack(run, of: parcel, isSettled: settles && limits.ack == .before)
            }
        }
    }
}
