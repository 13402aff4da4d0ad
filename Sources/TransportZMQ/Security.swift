import CZMQ
import MQCore

/// Keys and passwords of a socket, read from files.
struct Security: Sendable {
    init(_ options: OptionValues) throws(TransportError) {}
    func apply(to socket: borrowing Socket, context: borrowing Context, notices: Notices) throws(TransportError) {}
}
