import Glibc

/// The one thread of the stand-in: waits for all connections, moves bytes, and lets the broker work.
final class NSQStandInLoop {
    private let broker: NSQBroker
    private let tcp: LoopbackSocket
    private let http: LoopbackSocket
    private let wakeUp: LoopbackSocket
    private var nextNumber = 0

    init(broker: NSQBroker, tcp: LoopbackSocket, http: LoopbackSocket, wakeUp: LoopbackSocket) {
        (self.broker, self.tcp, self.http, self.wakeUp) = (broker, tcp, http, wakeUp)
    }

    /// - Returns: whether there is to be another one.
    func turn() -> Bool {
        if broker.settings.isStopped {
            var waiting = pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&waiting, 1, -1)
            return waiting.revents == 0 || drainWakeUp()
        }
        var waiting = [
            pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: tcp.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: http.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let everybody = broker.clients + broker.httpClients
        for client in everybody {
            waiting.append(
                pollfd(
                    fd: client.socket.descriptor, events: Int16(POLLIN | (client.hasOutput && client.notBefore == 0 ? POLLOUT : 0)),
                    revents: 0))
        }
        if poll(&waiting, nfds_t(waiting.count), broker.pollTimeout) < 0 && errno != EINTR { return false }
        if waiting[0].revents != 0 && !drainWakeUp() { return false }
        for (client, poll) in zip(everybody, waiting.dropFirst(3)) where poll.revents & Int16(POLLIN | POLLERR | POLLHUP) != 0 {
            if !client.fill() { client.ending = .now }
            if client.ending == .none { client.isHTTP ? broker.readHTTP(client) : broker.readCommands(client) }
        }
        if waiting[1].revents != 0 { accept(from: tcp, isHTTP: false) }
        if waiting[2].revents != 0 { accept(from: http, isHTTP: true) }
        broker.runTimers(broker.now)
        broker.pump()
        for client in broker.clients + broker.httpClients where !client.isLate(broker.settings.chances.delay) {
            client.flush(inPieces: broker.settings.splitsFrames)
        }
        broker.removeEnded()
        return true
    }

    private func drainWakeUp() -> Bool {
        var bytes: [UInt8] = []
        if case .bytes = wakeUp.read(appendingTo: &bytes) { return true }
        return false
    }

    private func accept(from listener: LoopbackSocket, isHTTP: Bool) {
        guard let socket = listener.accept() else { return }
        nextNumber += 1
        let client = NSQClient(nextNumber, socket, isHTTP: isHTTP, settings: broker.settings)
        if isHTTP { broker.httpClients.append(client) } else { broker.clients.append(client) }
    }
}
