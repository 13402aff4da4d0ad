import CZMQ
import Glibc
import MQCore

/// libzmq, opened when a socket is first needed and never linked.
struct Library: @unchecked Sendable {
    // Unchecked: the table is written once, before `loaded` is published, and only read afterwards.
    /// The functions of the library; lives as long as the process.
    let api: UnsafePointer<czmq_api>

    /// The library under its usual name, looked for once.
    private static let loaded = Result<Library, TransportError> { () throws(TransportError) in try Library(opening: "libzmq.so.5") }

    /// - Throws: `configuration` when libzmq is not installed; the hint names the package.
    static func shared() throws(TransportError) -> Library { try loaded.get() }

    /// Opens the library `name` in the way of dlopen(3).
    /// - Throws: `configuration` when there is none, or it is too old to have every function.
    init(opening name: String) throws(TransportError) {
        api = try LibraryTable.open("libzmq", packages: "apt-get install libzmq5, dnf install zeromq") { czmq_open($0, name) }
    }

    /// The version as `4.3.4`.
    var version: String {
        var (major, minor, patch): (CInt, CInt, CInt) = (0, 0, 0)
        api.pointee.version(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }

    /// Whether the library was built with `feature`: `ipc`, `curve`, `pgm`, `draft`, …
    func has(_ feature: String) -> Bool { api.pointee.has(feature) == 1 }

    /// What there is of libzmq on this machine, in a sentence.
    static var presence: String {
        guard case .success(let library) = loaded else {
            return "There is no libzmq, which only the options and endpoints marked libzmq need (apt-get install libzmq5)."
        }
        // zmq_has(3).
        let features = ["curve", "gssapi", "draft", "ipc", "tipc", "pgm", "norm", "vmci", "ws", "wss"].filter(library.has)
        return "libzmq \(library.version) is there, built with \(features.joined(separator: ", "))."
    }

    /// libzmq's words for an error number of its own or of the system.
    func words(_ number: CInt) -> String { String(cString: api.pointee.error_words(number)!) }

    /// What went wrong while doing `what` (a participle phrase: "binding tcp://*:5555"), with the code that fits.
    func error(_ number: CInt, _ what: String) -> TransportError {
        if let error = SocketFailure.known(number, what) { return error }
        return switch number {
        case EPROTONOSUPPORT: TransportError(.unsupported, "\(what): libzmq \(version) was built without this transport", errno: number)
        case Self.incompatible: TransportError(.usage, "\(what): this transport does not fit the socket type", errno: number)
        case ENOTSUP, EOPNOTSUPP: TransportError(.unsupported, "\(what): not supported by libzmq \(version)", errno: number)
        default: TransportError(.failure, "\(what): \(words(number))", errno: number)
        }
    }

    /// ENOCOMPATPROTO, whose macro Swift does not import.
    private static let incompatible: CInt = 156_384_712 + 52
}
