internal import Glibc
internal import MQCore

/// Queues that exist for one measurement.
final class PrivateQueues {
    private var admins: [any Admin] = []
    private var tokens: [ExitCleanup.Token] = []
    private let files: [String]

    init(
        _ points: [MeetingPoint], _ descriptor: Descriptor, _ resolve: @escaping @Sendable (String) throws(TransportError) -> any Transport
    ) throws(TransportError) {
        files = points.compactMap(\.file)
        guard descriptor.capabilities.contains(.admin) else { return }
        for point in points where point.isPrivate {
            let admin = try resolve(point.sending).openAdmin(Opening(stop: StopFlag()))
            // A queue that is there already is not this run's to delete.
            _ = try admin.create(exclusive: true)
            admins.append(admin)
            let address = point.sending
            tokens.append(ExitCleanup.register { try? resolve(address).openAdmin(Opening(stop: StopFlag())).delete() })
        }
    }

    func remove() {
        for admin in admins.reversed() { try? admin.delete() }
        // A worker that was killed has left it.
        for file in files { unlink(file) }
        for token in tokens { ExitCleanup.cancel(token) }
        (admins, tokens) = ([], [])
    }

    deinit { remove() }
}
