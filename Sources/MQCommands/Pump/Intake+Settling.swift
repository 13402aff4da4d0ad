import MQCore
import Synchronization

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
                if isDead {
                    try bury(next..<end, of: current, because: limits.persistence.map { _ in deadLetters.reasonOfThoseDue })
                } else {
                    try begin(next..<end)
                }
            } catch {
                try giveBack(end..<indices.upperBound, of: current)
                throw error
            }
            next = end
        }
    }

    private func begin(_ indices: Range<Int>) throws(TransportError) {
        guard ordersGroups else { return try launch(indices) }
        for index in indices {
            if let group = current.batch.properties(of: index).group, !groups.admit(group, current, index) {
                current.begin(index..<index + 1)
                open += 1
            } else {
                try launch(index..<index + 1)
            }
        }
    }

    /// - Throws: why the work can do no more, after what it has not begun was given back.
    private func launch(_ indices: Range<Int>) throws(TransportError) {
        let parcel = current
        let isSettled = settles && limits.ack == .before
        if isSettled { try settle(indices, of: parcel, as: .acknowledge) }
        let begun = work.begin(&parcel.batch, indices, at: parcel.first + indices.lowerBound, stop: stop)
        let end = indices.lowerBound + begun.messages
        parcel.begin(indices.lowerBound..<end)
        note(indices.lowerBound..<end, of: parcel)
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
        limits.persistence?.running?.end(verdict.positions)
        var rest = verdict.positions
        while !rest.isEmpty {
            if let parcel = held.running(at: rest.lowerBound) {
                rest = rest.dropFirst()
                parcel.close(0..<1)
                open -= 1
                held.release(parcel)
                try act(on: verdict, 0..<1, of: parcel)
                continue
            }
            let place = place(of: rest.lowerBound)
            let parcel = place.map { parcels[$0] } ?? current
            // One that is tried again has a parcel of its own, wherever it stands among those that are not.
            let part = (held.hasRunning ? rest.prefix(1) : rest).clamped(to: parcel.positions)
            precondition(!part.isEmpty, "a verdict for a message that is not under way")
            let indices = parcel.index(of: part.lowerBound)..<parcel.index(of: part.upperBound)
            parcel.close(indices)
            open -= part.count
            rest = part.upperBound..<rest.upperBound
            defer { if let place, parcel.open == 0 { retire(place) } }
            try act(on: verdict, indices, of: parcel)
        }
    }

    private func act(on verdict: Verdict, _ indices: Range<Int>, of parcel: Parcel) throws(TransportError) {
        if ordersGroups { try turnGroups(verdict, indices, of: parcel) }
        switch verdict.fate {
        case .done:
            done += indices.count
            tally.counters.add(messages: indices.count, bytes: parcel.batch.payloadBytes(indices))
            if settles && limits.ack == .after { try settle(indices, of: parcel, as: .acknowledge) }
        case .again(let delay): try tryAgain(indices, of: parcel, after: delay, because: verdict.reason)
        case .refused(let error):
            let reason = verdict.reason ?? Reason(error.message)
            if deadLetters != nil { return try bury(indices, of: parcel, because: reason) }
            for index in indices { console.warn("\(DeadLetters.name(parcel.batch, index)) is given up: \(error.message)") }
            try giveUp(indices, of: parcel)
        case .stop(let error):
            try giveBack(indices, of: parcel)
            throw error
        }
    }

    /// The next of each group follows one that is dealt with; none overtakes one that is tried again.
    private func turnGroups(_ verdict: Verdict, _ indices: Range<Int>, of parcel: Parcel) throws(TransportError) {
        for index in indices {
            guard let group = parcel.batch.properties(of: index).group else { continue }
            switch verdict.fate {
            case .done, .refused: groups.goOn(group)
            case .again, .stop: try giveBack(groups.breakOff(group))
            }
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
    private func bury(_ indices: Range<Int>, of parcel: Parcel, because reason: Reason? = nil) throws(TransportError) {
        let outcome = deadLetters!.take(indices, of: &parcel.batch, because: reason, from: address.address.short) {
            work.tend()
            limits.persistence?.manager?.beat()
        }
        for moved in outcome.done {
            if deadLetters!.moves { tally.deadLettered.add(moved.count, ordering: .relaxed) }
            try giveUp(moved, of: parcel, isCounted: !deadLetters!.moves)
        }
        for rest in outcome.rest { try giveBack(rest, of: parcel) }
        if let error = outcome.error { throw error }
    }

    /// Acknowledges what was not done and never will be.
    private func giveUp(_ indices: Range<Int>, of parcel: Parcel, isCounted: Bool = true) throws(TransportError) {
        if isCounted { tally.rejected.add(indices.count, ordering: .relaxed) }
        if limits.persistence != nil { done += indices.count }
        if settles { try settle(indices, of: parcel, as: .acknowledge) }
    }

    // MARK: - Another attempt

    private func tryAgain(
        _ indices: Range<Int>, of parcel: Parcel, after delay: Duration?, because reason: Reason?
    ) throws(TransportError) {
        guard let persistence = limits.persistence else { return try giveBack(indices, of: parcel, after: delay ?? .zero) }
        for index in indices {
            let attempts = parcel.batch.properties(of: index).attempts ?? 1
            if let deadLetters, deadLetters.isUsedUp(attempts) {
                try bury(index..<index + 1, of: parcel, because: reason)
                continue
            }
            let delay = delay ?? persistence.backoff.delay(after: attempts)
            if isEnding || stop.isRaised {
                try giveBack(index..<index + 1, of: parcel, after: holds ? .zero : delay)
                continue
            }
            tally.retried.add(1, ordering: .relaxed)
            if holds {
                held.hold(Parcel(keeping: parcel, index, attempts: attempts + 1), until: Deadline.after(delay).nanoseconds)
            } else {
                try settle(index..<index + 1, of: parcel, as: .requeue(after: delay))
                noteReturn(after: delay)
            }
        }
    }

    private func noteReturn(after delay: Duration) {
        // A broker may count in whole seconds, and is not asked at the very moment.
        let isNear = address.descriptor.capabilities.contains(.processLocal)
        let due = Deadline.after(isNear ? delay : .seconds(delay.components.seconds + 1) + .milliseconds(100))
        returning = Deadline(nanoseconds: max(due.nanoseconds, returning?.nanoseconds ?? 0))
    }

    /// Whether what is tried again waits here: the queue cannot take it back, or does not count its attempts.
    private var holds: Bool { !address.descriptor.capabilities.isSuperset(of: [.requeue, .attempts]) }

    /// Begins with what has waited, as far as there is room.
    func resume() throws(TransportError) {
        while groups.hasReady, work.room() > 0, let place = groups.next() {
            guard try relaunch(place.parcel, place.index) else { return groups.putBack(place) }
        }
        while held.count > 0, work.room() > 0, let parcel = held.next(now: Deadline.now()) {
            parcel.begin(0..<1)
            open += 1
            if try relaunch(parcel, 0) { continue }
            parcel.close(0..<1)
            open -= 1
            return held.putBack(parcel)
        }
    }

    private func relaunch(_ parcel: Parcel, _ index: Int) throws(TransportError) -> Bool {
        let begun = work.begin(&parcel.batch, index..<index + 1, at: parcel.first + index, stop: stop)
        if let error = begun.error { throw error }
        if begun.messages > 0 { note(index..<index + 1, of: parcel) }
        return begun.messages > 0
    }

    /// For those who ask what is with the work.
    private func note(_ indices: Range<Int>, of parcel: Parcel) {
        guard let running = limits.persistence?.running else { return }
        for index in indices { running.begin(parcel.first + index, parcel.batch.properties(of: index)) }
    }

    // MARK: - Going back

    /// What was taken from the queue and not dealt with: back to it where the transport can, else to standard error.
    private func giveBack(
        _ indices: Range<Int>, of parcel: Parcel, isSettled: Bool = false, after delay: Duration = .zero
    ) throws(TransportError) {
        if indices.isEmpty || limits.peeks { return }
        tally.returned.add(indices.count, ordering: .relaxed)
        if !isSettled && address.descriptor.capabilities.contains(.requeue) {
            return try settle(indices, of: parcel, as: .requeue(after: delay))
        }
        let rest = indices.dropFirst(isSettled ? 0 : putBack?.take(parcel.batch, indices) ?? 0)
        if rest.isEmpty { return }
        console.endProgress()
        let what = limits.persistence == nil ? "received but not written" : "taken but not done"
        console.rescue(parcel.batch, rest, "\(rest.count) \(what), here as JSON:")
    }

    private func giveBack(_ places: [GroupOrder.Place]) throws(TransportError) {
        for place in places {
            place.parcel.close(place.index..<place.index + 1)
            open -= 1
            try giveBack(place.index..<place.index + 1, of: place.parcel)
        }
    }

    /// What waits for another attempt, or for its turn.
    func giveBackWaiting() throws(TransportError) {
        for parcel in held.takeWaiting() { try giveBack(0..<1, of: parcel) }
        try giveBack(groups.takeAll())
    }

    /// What the work did not begin with.
    func giveBackUnbegun() throws(TransportError) {
        for (parcel, indices, isSettled) in unbegun { try giveBack(indices, of: parcel, isSettled: isSettled) }
        unbegun.removeAll()
    }

    /// Everything that is under way.
    func giveBackOpen() throws(TransportError) {
        for parcel in parcels + [current] + held.allRunning {
            for run in parcel.openRuns {
                parcel.close(run)
                open -= run.count
                try giveBack(run, of: parcel, isSettled: settles && limits.ack == .before)
            }
        }
    }
}
