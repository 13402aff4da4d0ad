import MQCore

/// Something at the other end that does not speak ZMTP 3, recognised by its first bytes.
public enum ForeignPeer: Sendable, Equatable {
    case zmtp1, zmtp2, http, ssh, tls, nsq
    /// Its first words.
    case text(String)
    case unknown

    /// - Returns: `nil` while the bytes could still become something that is known.
    public init?(beginning bytes: UnsafeRawBufferPointer) {
        for (word, peer) in Self.words {
            let begins = zip(bytes, word).allSatisfy { $0 == $1 }
            if begins && bytes.count >= word.count {
                self = peer
                return
            }
            if begins { return nil }
        }
        // ZMTP 1 begins with a frame: its length with the flags, at most an identity's, and flags of 0.
        if bytes.count >= 2, bytes[0] > 0, bytes[1] & 0xfe == 0 {
            self = .zmtp1
            return
        }
        guard bytes.count >= 8 else { return nil }
        let line = bytes.prefix { $0 >= 0x20 && $0 < 0x7f }
        self = line.count >= 8 ? .text(String(printing: line, most: 64)) : .unknown
    }

    /// A peer that said this much and hung up.
    public init(whole bytes: UnsafeRawBufferPointer) {
        let line = bytes.prefix { $0 >= 0x20 && $0 < 0x7f }
        self = ForeignPeer(beginning: bytes) ?? (line.isEmpty ? .unknown : .text(String(printing: line)))
    }

    private static let words: [([UInt8], ForeignPeer)] = [
        (Array("HTTP/".utf8), .http), (Array("SSH-".utf8), .ssh), (Array("  V2".utf8), .nsq), ([0x16, 0x03], .tls),
        (Array("GET ".utf8), .http), (Array("POST ".utf8), .http),
        // What a server says that takes noise for the HTTP of 1991: a page without a head.
        (Array("<!DOCTYPE".utf8), .http), (Array("<html".utf8), .http),
    ]

    /// What it is, to be read after "the peer at …".
    public var sentence: String {
        switch self {
        case .zmtp1: "speaks ZMTP 1.0 (libzmq 2 or older)"
        case .zmtp2: "speaks ZMTP 2.0 (libzmq 3 or older)"
        case .http: "is an HTTP server"
        case .ssh: "is an SSH server"
        case .tls: "speaks TLS"
        case .nsq: "speaks nsq's protocol"
        case .text(let words): "does not speak ZMTP: it says '\(words)'"
        case .unknown: "does not speak ZMTP"
        }
    }
}
