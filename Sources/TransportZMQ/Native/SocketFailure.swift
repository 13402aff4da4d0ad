import Glibc
import MQCore

/// What is wrong with a socket, in the words of both engines.
enum SocketFailure {
    /// What went wrong while doing `what` (a participle phrase: "binding tcp://*:5555"), with the code that fits; `nil` for an
    /// error number that says nothing of sockets.
    static func known(_ number: CInt, _ what: String) -> TransportError? {
        switch number {
        case EADDRINUSE: TransportError(.cannotCreate, "\(what): address in use", hint: "something else is bound to it", errno: number)
        case EACCES, EPERM: TransportError(.permission, "\(what): permission denied", errno: number)
        case ENODEV: TransportError(.cannotCreate, "\(what): no such network interface or address on this host", errno: number)
        case EADDRNOTAVAIL: TransportError(.cannotCreate, "\(what): the address is not one of this host", errno: number)
        case ENOENT: TransportError(.cannotCreate, "\(what): no such directory", errno: number)
        case ENAMETOOLONG: TransportError(.usage, "\(what): the name is too long", errno: number)
        case EINVAL: TransportError(.usage, "\(what): not a valid endpoint or value", errno: number)
        case EMFILE, ENFILE: TransportError(.failure, "\(what): too many open files", hint: "ulimit -n shows the limit", errno: number)
        default: nil
        }
    }

    static func error(_ number: CInt, _ what: String) -> TransportError {
        known(number, what) ?? TransportError(.failure, "\(what): \(SystemError.words(number))", errno: number)
    }
}
