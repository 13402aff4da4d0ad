import CZMQ
import Glibc
import MQCore
import Testing

@testable import TransportZMQ

/// A file of keys or passwords that is removed when it goes.
final class ScratchFile: Sendable {
    let path = "/tmp/mq-test-\(getpid())-\(UInt64.random(in: 0 ... .max)).key"

    init(_ text: String, mode: mode_t = 0o600) {
        let descriptor = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        _ = write(descriptor, text, text.utf8.count)
        fchmod(descriptor, mode)
        close(descriptor)
    }

    deinit { unlink(path) }
}

/// Keys of CURVE, made by libzmq.
enum ZMQKeys {
    static func pair() throws -> (open: String, secret: String) {
        let api = try Library.shared().api
        var (open, secret) = ([CChar](repeating: 0, count: 41), [CChar](repeating: 0, count: 41))
        try #require(api.pointee.curve_keypair(&open, &secret) == 0)
        return (text(open), text(secret))
    }

    private static func text(_ key: [CChar]) -> String { String(decoding: key.prefix(40).map(UInt8.init(bitPattern:)), as: UTF8.self) }

    static func certificate(_ keys: (open: String, secret: String)) -> String {
        "#   made by czmq\nmetadata\ncurve\n    public-key = \"\(keys.open)\"\n    secret-key = \"\(keys.secret)\"\n"
    }
}
