/// Looks at what a relay moves.
public protocol RelayTap: AnyObject {
    /// - Parameter side: where the messages came in.
    func moved(_ batch: borrowing Batch, _ range: Range<Int>, from side: RelaySide)
    /// Nothing more is there to be moved for the moment.
    func paused()
}
