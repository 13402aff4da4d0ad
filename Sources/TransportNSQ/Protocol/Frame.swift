internal import Glibc
internal import MQCore

/// One frame of nsqd: int32 size, int32 type, data, all big-endian (nsq.io, TCP protocol spec, "Data Format").
struct Frame {
    enum Kind: UInt32 {
        case response = 0
        case error = 1
        case message = 2
    }

    let kind: Kind
    /// Lent by the decoder until bytes are added to it.
    let data: UnsafeRawBufferPointer

    /// Whether the data is exactly this text.
    func isText(_ text: StaticString) -> Bool {
        data.count == text.utf8CodeUnitCount && memcmp(data.baseAddress!, text.utf8Start, data.count) == 0
    }

    var text: String { String(decoding: data, as: UTF8.self) }
}
