import CZMQ
import Glibc
import MQCore

extension Wire {
    /// How long an end goes on for what can be had at once after the flag was raised.
    private static let grace = Duration.milliseconds(25)

    /// Closes the socket when all it was given has been written to the kernel and read by the peers.
    ///
    /// The socket is closed first and the context stays, so that the monitor tells when libzmq is done: a wait that a
    /// signal and a deadline can end, which zmq_ctx_term is not.
    /// - Parameter sent: whether there is anything to wait for.
    /// - Throws: `tryAgain` when time ran out, `unreachable` when a peer left with bytes unread.
    func finish(sent: Bool, until wanted: Deadline, stop: StopFlag) throws(TransportError) {
        guard socket != nil else { return }
        guard sent else { return close() }
        if isInproc {
            // What was written is in the receiver's hands already, and stays there when this end goes.
            set(ZMQ_LINGER, -1)
            return close()
        }
        var deadline = stop.isRaised ? wanted.earlier(.after(Self.grace)) : wanted
        // A first connection that libzmq makes and closes while nobody looks could not be held: have it before the end.
        drainMonitor()
        while handshakes == 0, case .ready = Self.poll(-1, monitorDescriptor, until: deadline, stop: stop) { drainMonitor() }
        if stop.isRaised { deadline = deadline.earlier(.after(Self.grace)) }

        var tail = TailGuard()
        for connection in monitor?.peers.connections ?? [] { tail.hold(connection.descriptor, endpoint: connection.endpoint) }
        // Longer than we wait, so that an end in time means that all was written, and not that libzmq gave up.
        set(ZMQ_LINGER, deadline.remaining.map { CInt(clamping: $0 / 1_000_000 + 1000) } ?? -1)
        socket = nil
        let inTime = awaitEnd(of: &tail, until: &deadline, stop: stop)
        let peersLeft = established
        let isDone = monitor?.hasStopped ?? true
        monitor = nil
        if isDone {
            context = nil
        } else {
            context.take()?.abandon()
        }
        removeFiles()
        guard inTime else {
            throw TransportError(
                .tryAgain,
                peersLeft == 0 ? "no peer took the last messages in time" : "the peer did not take the last messages in time",
                hint: "is the receiver running, and reading?", isRetriable: true)
        }
        try awaitReading(by: &tail, until: deadline, stop: stop)
        // A receiver that was asked for a number of messages looks the same, so this is no warning.
        if tail.broken > 0 { notices.detail("a peer disconnected while the last messages were on their way; it may not have read them") }
    }

    /// Waits for libzmq to write what it holds for peers that are there or may come; false when time ran out first.
    private func awaitEnd(of tail: inout TailGuard, until deadline: inout Deadline, stop: StopFlag) -> Bool {
        var hurried = stop.isRaised
        while true {
            // Connections made now carry messages too.
            monitor?.drain { event in
                switch event.number {
                case ZMQ_EVENT_CONNECTED, ZMQ_EVENT_ACCEPTED: tail.hold(event.value, endpoint: event.endpoint)
                case ZMQ_EVENT_DISCONNECTED: tail.release(event.value)
                default: break
                }
            }
            if monitor?.hasStopped ?? true { return true }
            // An XSUB subscribes anew for a peer that has gone, and would wait for it to come back for that.
            let misses = type == .xsub && established < dialed.count
            if misses && tail.isLetGo { return true }
            if deadline.hasPassed { return false }
            tail.look()
            if stop.isRaised && !hurried {
                hurried = true
                deadline = deadline.earlier(.after(Self.grace))
            }
            // Nothing tells of a connection that is closed in good order.
            let bound = misses ? deadline.earlier(.after(Self.closingLook)) : deadline
            // The flag's descriptor is readable for ever: wait beside it.
            _ = Self.poll(-1, monitorDescriptor, until: bound, stop: hurried ? Self.neverRaised : stop)
        }
    }

    private static let neverRaised = StopFlag()
    private static let closingLook = Duration.milliseconds(10)

    /// Waits for the peers to read what the kernel holds.
    private func awaitReading(by tail: inout TailGuard, until wanted: Deadline, stop: StopFlag) throws(TransportError) {
        var deadline = wanted
        var pause: UInt64 = 50_000
        var lost: String?
        var hurried = false
        while let rest = tail.unread(reset: { lost = $0 }) {
            if stop.isRaised && !hurried {
                hurried = true
                deadline = deadline.earlier(.after(Self.grace))
            }
            if deadline.hasPassed {
                throw TransportError(
                    .tryAgain, "\(Quantity.size(rest.bytes)) were not read by the peer at \(rest.endpoint) in time",
                    hint: "is the receiver reading?", isRetriable: true)
            }
            let next = Deadline(nanoseconds: Deadline.now() + pause).earlier(deadline)
            _ = Readiness.sleep(until: next, stop: hurried ? Self.neverRaised : stop)
            pause = min(pause * 2, 2_000_000)
        }
        if let lost {
            throw TransportError(.unreachable, "the peer at \(lost) went away before it had read everything", isRetriable: true)
        }
    }
}
