internal import Glibc
internal import MQCore
internal import Synchronization

/// The topic of `nsq:temp`, kept by a subscription of its own that takes nothing, so that it does not outlive this process
/// however that ends: nsqd removes an ephemeral channel with its last client, and an ephemeral topic with its last channel.
final class TemporaryTopic: Sendable {
    let name = "mq-temp-\(getpid())-\(String(UInt32.random(in: 0 ... .max), radix: 36))#ephemeral"
    static let channel = "mq#ephemeral"

    private let keeper = Mutex<Fleet<ReceiveCrew>?>(nil)

    deinit { keeper.withLock { $0?.disband() } }

    /// Makes the channel, so that what is published next waits in it. An nsqd that is not there is the endpoint's to complain of.
    func keep(on peers: [Peer], _ settings: ConnectionSettings, _ opening: Opening) {
        guard keeper.withLock({ $0 == nil }) else { return }
        var opening = opening
        (opening.notices, opening.retry) = (.none, nil)
        let fleet = Fleet(ReceiveCrew(most: 1, opening: opening), settings, discovery: nil, opening: opening) {
            [name] (_, connection, route, deadline, stop) throws(TransportError) in
            var command: [UInt8] = []
            Command.subscribe(name, Self.channel, into: &command)
            try connection.exchange(command, until: deadline, stop: stop)
            return ReceiveLink(connection, route)
        }
        do throws(TransportError) {
            try fleet.connect(to: peers.map { Route($0) }, all: false, until: opening.deadline, stop: opening.stop)
        } catch {
            return fleet.disband()
        }
        // nsqd wants its heartbeats answered where there is a subscription.
        fleet.attend()
        keeper.withLock { $0 = fleet }
    }
}
