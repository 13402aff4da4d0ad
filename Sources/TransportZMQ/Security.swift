import CZMQ
import Glibc
import MQCore
import ZMTP

/// Keys and passwords of a socket, read from files: an address shows in `ps`, and Z85 keys hold characters of the shell.
struct Security: Sendable {
    enum Mechanism: Sendable {
        case none
        case curveServer(secret: String)
        case curveClient(server: String, keys: (secret: String, public: String?)?)
        case plainClient(user: String, password: String)
        case plainServer
    }

    let mechanism: Mechanism
    let guests: GuestFile?
    private let hasDomain: Bool
    /// Files that only their owner is to read.
    private let secretFiles: [String]

    /// - Throws: `usage` for options that do not go together, `configuration` for a file that cannot be read or used.
    init(_ options: OptionValues) throws(TransportError) {
        hasDomain = options.has("zap-domain")
        secretFiles = ["secret-key", "plain", "plain-users"].compactMap { options.text($0) }
        let serves = options.flag("curve-server") ?? false
        let server = options.text("server-key")
        let secretFile = options.text("secret-key")
        guard [serves, server != nil, options.has("plain"), options.has("plain-users")].count(where: { $0 }) <= 1 else {
            throw TransportError(.usage, "curve-server, server-key, plain and plain-users exclude each other")
        }
        if !serves, let stray = ["allow-keys"].first(where: options.has) {
            throw TransportError(.usage, "\(stray) belongs to curve-server")
        }
        if serves {
            guard let secretFile else { throw TransportError(.usage, "curve-server needs secret-key=FILE") }
            mechanism = .curveServer(secret: try KeyFile(secretFile).secretKey())
            guests = try options.text("allow-keys").map { path throws(TransportError) in try GuestFile(.keys, in: path) }
        } else if let server {
            let keys = try secretFile.map { path throws(TransportError) in
                let file = try KeyFile(path)
                let own = try options.text("public-key").map { name throws(TransportError) in try KeyFile(name).publicKey() }
                return (secret: try file.secretKey(), public: own)
            }
            mechanism = .curveClient(server: try KeyFile(server).publicKey(), keys: keys)
            guests = nil
        } else if let path = options.text("plain") {
            let pairs = try KeyFile.users(in: path)
            guard pairs.count == 1, let (user, password) = pairs.first else {
                throw TransportError(.configuration, "\(path) must hold one line user:password")
            }
            mechanism = .plainClient(user: user, password: password)
            guests = nil
        } else if let path = options.text("plain-users") {
            mechanism = .plainServer
            guests = try GuestFile(.users, in: path)
        } else {
            if secretFile != nil || options.has("public-key") {
                throw TransportError(.usage, "keys need curve-server, or server-key=FILE to connect to one")
            }
            (mechanism, guests) = (.none, nil)
        }
    }

    /// Before the socket binds or connects.
    func apply(to socket: borrowing Socket, context: borrowing Context, _ opening: Opening) throws(TransportError) {
        let (library, notices) = (socket.library, opening.notices)
        for path in secretFiles { LocalFile.warnOfExposedSecret(path, notices) }
        switch mechanism {
        case .none: return
        case .curveServer(let secret):
            try CurveKeyPair.require(library)
            try socket.set(ZMQ_CURVE_SERVER, CInt(1))
            try socket.set(ZMQ_CURVE_SECRETKEY, Self.terminated(secret))
            if guests == nil { notices.warn("CURVE without allow-keys encrypts, and accepts every client") }
        case .curveClient(let server, let given):
            try CurveKeyPair.require(library)
            let (open, secret) = try Self.ownKeys(given, library)
            try socket.set(ZMQ_CURVE_SERVERKEY, Self.terminated(server))
            try socket.set(ZMQ_CURVE_SECRETKEY, Self.terminated(secret))
            try socket.set(ZMQ_CURVE_PUBLICKEY, Self.terminated(open))
        case .plainClient(let user, let password):
            try socket.set(ZMQ_PLAIN_USERNAME, Array(user.utf8))
            try socket.set(ZMQ_PLAIN_PASSWORD, Array(password.utf8))
        case .plainServer:
            try socket.set(ZMQ_PLAIN_SERVER, CInt(1))
        }
        if let guests {
            if !hasDomain { try socket.set(ZMQ_ZAP_DOMAIN, Array("mq".utf8)) }
            try ZAPHandler.start(in: context, admitting: guests, notices: notices)
            guests.joins(opening)
        }
    }

    /// The mechanism as the native engine speaks it; CURVE is libzmq's.
    func nativeMechanism(_ opening: Opening) -> Session.Mechanism {
        for path in secretFiles { LocalFile.warnOfExposedSecret(path, opening.notices) }
        switch mechanism {
        case .none: return .null
        case .plainClient(let user, let password): return .plainClient(user: Array(user.utf8), password: Array(password.utf8))
        case .plainServer:
            guard let guests else { return .plainServer { _, _ in false } }
            guests.joins(opening)
            return .plainServer { user, password in
                let known = guests.password(of: String(decoding: user, as: UTF8.self)).map { Array($0.utf8) }
                let right = known ?? []
                // As long for a wrong password as for a right one, whatever they have in common.
                var difference = known == nil ? 1 : right.count ^ password.count
                for (place, byte) in password.enumerated() { difference |= Int(byte ^ (place < right.count ? right[place] : ~byte)) }
                return difference == 0
            }
        case .curveServer, .curveClient: preconditionFailure("libzmq's")
        }
    }

    /// Those given, the public one derived when it was not; without any, a fresh pair.
    private static func ownKeys(
        _ given: (secret: String, public: String?)?, _ library: Library
    ) throws(TransportError) -> (open: String, secret: String) {
        guard let given else {
            let pair = try CurveKeyPair(library)
            return (pair.publicKey, pair.secretKey)
        }
        if let open = given.public { return (open, given.secret) }
        return (try CurveKeyPair.publicKey(of: given.secret, library), given.secret)
    }

    /// libzmq takes Z85 keys with their NUL: 41 bytes.
    private static func terminated(_ key: String) -> [UInt8] { Array(key.utf8) + [0] }
}
