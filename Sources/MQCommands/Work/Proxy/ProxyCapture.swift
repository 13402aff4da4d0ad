import MQCore

/// Somewhere that gets a copy of what a proxy moves. It never holds the proxy up: what it cannot take at once is counted instead.
protocol ProxyCapture: AnyObject {
    /// - Returns: how many of the messages, from the front, were taken.
    /// - Throws: why no more can be taken.
    func take(_ batch: borrowing Batch, _ range: Range<Int>, from side: RelaySide) throws(TransportError) -> Int
    /// How many messages were taken so far and have left this program.
    var captured: Int { get }
    /// Nothing moves for the moment.
    func pause() throws(TransportError)
    /// - Throws: why what was taken is not where it should be.
    func close(until deadline: Deadline, stop: StopFlag) throws(TransportError)
}
