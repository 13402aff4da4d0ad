import Glibc
import MQCore

/// Where received messages go.
protocol MessageSink: AnyObject {
    /// The gap that the batch must have.
    var gap: Batch.Gap { get }
    var needsProperties: Bool { get }
    /// Whether somebody reads what is written, who may go away.
    var hasReader: Bool { get }
    func write(_ batch: inout Batch, _ range: Range<Int>, stop: StopFlag) -> RecordWriter.Result
}
