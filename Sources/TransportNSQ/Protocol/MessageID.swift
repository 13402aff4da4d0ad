internal import Glibc
internal import MQCore

/// The sixteen hexadecimal digits by which nsqd knows a message.
struct MessageID: Equatable {
    var high: UInt64
    var low: UInt64

    static let size = 16

    var text: String { withUnsafeBytes(of: self) { String(decoding: $0, as: UTF8.self) } }
}
