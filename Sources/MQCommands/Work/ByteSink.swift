import Glibc
import MQCore

/// Where records go as bytes.
protocol ByteSink: AnyObject {
    var isTerminal: Bool { get }
    /// Writes all of `bytes`, or says how many and why not more.
    func write(_ bytes: UnsafeRawBufferPointer, stop: StopFlag) -> OutputStream.Written
}
