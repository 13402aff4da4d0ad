internal import MQCore

/// A connection with what its direction needs beside it.
protocol Link: AnyObject {
    var connection: Connection { get }
    var route: Route { get }
    /// Why it is of no more use; whoever owns the endpoint sorts it out.
    var failure: TransportError? { get set }
    /// Whether it has done what it is there for.
    var isSound: Bool { get }
}

extension Link {
    var route: Route { Route(connection.peer) }

    /// Does something with the connection; a failure is noted.
    func attempt(_ body: (Self) throws(TransportError) -> Void) {
        do throws(TransportError) { try body(self) } catch { failure = failure ?? error }
    }
}
