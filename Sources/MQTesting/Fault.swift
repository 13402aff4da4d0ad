/// A promise of `Sender` and `Receiver` that a `FaultyTransport` breaks wherever it can.
public enum Fault: Sendable, CaseIterable {
    /// Breaks none: everything passes as it is.
    case nothing
    case drops, duplicates, changesABody, takesOneTooMany, comesLate, ignoresTheStop, refusesNothing, dirtiesTheBuffer
    case losesWhatIsPutBack, forgetsToConfirm, countsPositionsInABatch
}
