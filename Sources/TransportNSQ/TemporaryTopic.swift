internal import Glibc
internal import MQCore
internal import Synchronization

/// The topic of `nsq:temp`, kept by a subscription of its own, so that nothing outlives this process however it ends: nsqd
/// removes an ephemeral channel with its last client, and an ephemeral topic with its last channel.
final class TemporaryTopic: Sendable {
    let name = "mq-temp-\(getpid())-\(String(UInt32.random(in: 0 ... .max), radix: 36))#ephemeral"
    static let channel = "mq#ephemeral"

    private let keepers = Mutex<[Peer: Keeper]>([:])

    /// The connection that holds the channel. It takes no messages.
    private final class Keeper: @unchecked Sendable {
        // Unchecked: after the initialiser nobody uses the connection; it is there to be closed.
        private let connection: Connection
        init(_ connection: Connection) { self.connection = connection }
    }

    /// Makes the channel, so that what is published next waits in it. An nsqd that is not there is the fleet's to complain of.
    func keep(on peers: [Peer], _ settings: ConnectionSettings, _ opening: Opening) {
        var settings = settings
        // Nobody would answer heartbeats.
        settings.identification.heartbeat = -1
        for peer in peers where keepers.withLock({ $0[peer] == nil }) {
            let deadline = opening.deadline.earlier(.after(.seconds(5)))
            var command: [UInt8] = []
            Command.subscribe(name, Self.channel, into: &command)
            do throws(TransportError) {
                let connection = try Connection(to: peer, settings, until: deadline, stop: opening.stop)
                try connection.exchange(command, until: deadline, stop: opening.stop)
                let keeper = Keeper(connection)
                keepers.withLock { $0[peer] = keeper }
            } catch {
                continue
            }
        }
    }
}
