/// Bytes that need not be UTF-8 in a `String`, without loss.
///
/// Arguments, names of files and names of queues are bytes to the system. Where they are UTF-8, they are the text that they look
/// like. Each byte that is part of no UTF-8 is one scalar at the end of the last private-use plane, U+10FF80 to U+10FFFF. Those
/// scalars themselves count as bytes that are no UTF-8: every sequence of bytes has one text, and gives itself back.
extension String {
    /// The text of any bytes.
    public init(raw bytes: some Collection<UInt8>) {
        if let text = String(validating: bytes, as: UTF8.self), !text.isRaw {
            self = text
            return
        }
        let bytes = Array(bytes)
        var result = ""
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var position = 0
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let encoded):
                let scalar = UTF8.decode(encoded)
                if scalar.rawByte == nil {
                    result.unicodeScalars.append(scalar)
                } else {
                    for byte in bytes[position..<(position + encoded.count)] { result.append(raw: byte) }
                }
                position += encoded.count
            case .error(let length):
                for byte in bytes[position..<(position + length)] { result.append(raw: byte) }
                position += length
            case .emptyInput:
                self = result
                return
            }
        }
    }

    /// The text of the bytes up to a NUL.
    public init(rawCString pointer: UnsafePointer<CChar>) {
        var length = 0
        while pointer[length] != 0 { length += 1 }
        self.init(raw: UnsafeRawBufferPointer(start: pointer, count: length))
    }

    /// The bytes this text was made of.
    public var rawBytes: [UInt8] {
        guard isRaw else { return Array(utf8) }
        var result: [UInt8] = []
        for scalar in unicodeScalars {
            if let byte = scalar.rawByte { result.append(byte) } else { result.append(contentsOf: UTF8.encode(scalar)!) }
        }
        return result
    }

    /// The bytes this text was made of and a NUL, for calls of the system.
    public var rawCString: [CChar] { rawBytes.map { CChar(bitPattern: $0) } + [0] }

    /// Whether some of the bytes were no UTF-8.
    public var isRaw: Bool {
        // The first byte of every scalar of the last plane, and of few others.
        utf8.contains(0xf4) && unicodeScalars.contains { $0.rawByte != nil }
    }

    private mutating func append(raw byte: UInt8) {
        // Bytes below 0x80 are always UTF-8.
        unicodeScalars.append(Unicode.Scalar(0x10_ff00 + UInt32(byte))!)
    }
}

extension Unicode.Scalar {
    /// The byte that this scalar stands for, where it stands for one that is no UTF-8.
    var rawByte: UInt8? { value >= 0x10_ff80 ? UInt8(truncatingIfNeeded: value) : nil }
}
