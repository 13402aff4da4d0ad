import Glibc
import MQCore
import MQStandIns
import MQTesting

@testable import MQNet

extension StreamLayer {
    func encoded(_ plain: [UInt8]) throws(TransportError) -> [UInt8] {
        var wire: [UInt8] = []
        try plain.withUnsafeBufferPointer { bytes throws(TransportError) in try encode(UnsafeRawBufferPointer(bytes), into: &wire) }
        return wire
    }

    func decoded(_ wire: [UInt8]) throws(TransportError) -> [UInt8] {
        var (plain, replies): ([UInt8], [UInt8]) = ([], [])
        try wire.withUnsafeBufferPointer { bytes throws(TransportError) in
            try decode(UnsafeRawBufferPointer(bytes), into: &plain, replies: &replies)
        }
        return plain
    }
}

/// Bytes that compress a little, a lot or not at all.
func sample(_ generator: inout SeededGenerator, upTo limit: Int) -> [UInt8] {
    let alphabet: [UInt8]? = [nil, [0x61], Array("abcdefgh".utf8)].randomElement(using: &generator)!
    return generator.bytes(upTo: limit, of: alphabet)
}

enum Python {
    /// The interpreter with foreign clients, or the system's.
    static let executable: Executable? = {
        if let path = getenv("MQ_TEST_PYTHON") { return Executable(String(cString: path)) }
        return access("/usr/bin/python3", X_OK) == 0 ? Executable("/usr/bin/python3") : nil
    }()

    /// Whether it is the environment of Tests/requirements.txt.
    static let hasForeignModules = getenv("MQ_TEST_PYTHON") != nil

    /// What a script makes of its standard input; its failure is the test's.
    static func run(_ script: String, _ input: [UInt8]) throws -> [UInt8] {
        guard let executable else { throw ConformanceFailure("no python3") }
        let result = try executable.run(["-c", "import sys; data = sys.stdin.buffer.read()\n" + script], input: .bytes(input))
        guard result.status == 0 else { throw ConformanceFailure("python: \(result.errorText)") }
        return result.output
    }
}
