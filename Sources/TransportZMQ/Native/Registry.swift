import Glibc
import MQCore

/// What one epoll set watches for a fleet: who is behind each descriptor, and the flag that stops its owner.
struct Registry {
    enum Slot {
        case listener(Listener)
        case lookup(Dialer)
        case attempt(Dialer)
        case peer(Peer)
    }

    private let epoll: EventSet
    private var slots: [UInt64: Slot] = [:]
    private var lastToken = stopToken
    private(set) var stop: StopFlag?

    private static let stopToken: UInt64 = 0

    /// - Throws: `failure` where no descriptor can be had.
    init() throws(TransportError) { epoll = try EventSet() }

    /// The set, for somebody else to poll.
    var descriptor: CInt { epoll.descriptor }

    /// Whose event it is; `nil` for the flag, and for one that a deed of the same turn has made stale.
    subscript(_ event: EventSet.Event) -> Slot? { slots[event.token] }

    func wait(until deadline: Deadline, into events: inout [EventSet.Event]) { epoll.wait(until: deadline, into: &events) }

    /// - Returns: the token to remove it by.
    mutating func add(_ slot: Slot, _ descriptor: CInt, _ flags: Int32) -> Int {
        lastToken += 1
        slots[lastToken] = slot
        epoll.add(descriptor, flags, token: lastToken)
        return Int(lastToken)
    }

    /// - Parameter descriptor: to be watched no more; `nil` for one that is closed already.
    mutating func remove(_ token: Int, _ descriptor: CInt? = nil) {
        slots[UInt64(token)] = nil
        if let descriptor { epoll.remove(descriptor) }
    }

    mutating func removeAll() { slots = [:] }

    mutating func attach(_ flag: StopFlag) {
        if let stop { epoll.remove(stop.descriptor) }
        stop = flag
        epoll.add(flag.descriptor, Int32(POLLIN), token: Self.stopToken)
    }

    /// Waits no more for the flag, which stays raised.
    mutating func detachStop() {
        if let stop { epoll.remove(stop.descriptor) }
        stop = nil
    }
}
