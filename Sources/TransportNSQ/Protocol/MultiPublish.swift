internal import MQCore

/// The body of an MPUB while it grows: `MPUB topic\n`, size of the rest, number of messages, then each with its size.
struct MultiPublish {
    /// Where the two numbers stand that are known at the end.
    private let head: Int
    private(set) var count = 0

    /// Bytes of each message beside its body.
    static let overhead = 4

    init(to topic: String, into bytes: inout [UInt8]) {
        Command.append("MPUB \(topic)", to: &bytes)
        self.init(continuing: &bytes)
    }

    /// Behind a command line that is there.
    init(continuing bytes: inout [UInt8]) {
        head = bytes.count
        Command.append(0, to: &bytes)
        Command.append(0, to: &bytes)
    }

    @inline(__always)
    mutating func add(_ body: UnsafeRawBufferPointer, into bytes: inout [UInt8]) {
        Command.append(UInt32(body.count), to: &bytes)
        bytes.append(contentsOf: body)
        count += 1
    }

    func finish(_ bytes: inout [UInt8]) {
        let size = bytes.count - head - 4
        let (place, number) = (head, count)
        bytes.withUnsafeMutableBytes { buffer in
            buffer.storeBytes(of: UInt32(size).bigEndian, toByteOffset: place, as: UInt32.self)
            buffer.storeBytes(of: UInt32(number).bigEndian, toByteOffset: place + 4, as: UInt32.self)
        }
    }
}
